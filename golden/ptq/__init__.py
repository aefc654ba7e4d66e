"""Post-training quantisation: a float network and some pictures to a `golden.model.Model` in int8."""

from golden.ptq.calibration import calibrate
from golden.ptq.float_model import FloatModel
from golden.ptq.quantiser import quantise
from golden.ptq.torch_file import read_state
from golden.ptq.torchvision import load_mobilenet_v2, mobilenet_v2_of

__all__ = ["FloatModel", "calibrate", "load_mobilenet_v2", "mobilenet_v2_of", "quantise", "read_state"]
