"""What is computed: quantisation, layers, networks and their NumPy arithmetic, bit-exact with TFLite."""
