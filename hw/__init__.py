"""What is built: configuration, command set, compiler, gateware and its Verilog."""
