"""What is built: configuration, command set, compiler, gateware and its Verilog."""

# Configurations check themselves by latencies, and latencies are about configurations: this order works.
from hw import config as config
