"""What others publish, and where: figures to set ours beside. None of them was measured by us unless it says so."""

UTILISATION = (
    ("DSP-efficient DWC (one engine for all layers; ZC706, 200 MHz, 784 DSPs)", "76 %", "48 %", "–"),
    ("Li, TCAS-I 2021 (one engine; ZCU102, 200 MHz, 576 DSPs, 2 MACs a DSP)", "–", "50 %", "–"),
    ("Bai 2018 (one engine; Arria 10, 133 MHz, 1152 multipliers)", "–", "52 %", "–"),
    ("Wu, FPL 2019 (ZU2, 430 MHz, 212 DSPs, 1 MAC a DSP)", "–", "68 %", "–"),
    ("ICEIC 2025, with dw → pw fusion (100 MHz, 1024 MACs)", "–", "41 %", "–"),
    ("AMD DPU B4096 (KV260, 300 MHz, 2048 MACs)", "33 %", "14 %", "–"),
    ("Edge TPU (4 TOPS)", "12 %", "6 %", "–"),
    ("GAP9 NE16 (370 MHz, 144 MACs; MLPerf Tiny)", "–", "–", "12.5 %"),
    ("fpgaConvNet (ZC706, about 190 MHz, 505 DSPs; MLPerf Tiny)", "–", "–", "10–11 %"),
)
"""(system, V1, V2, VWW): frames a second × MACs ÷ (MAC lanes × clock), from the figures its authors state."""

MODEL_ERROR = (
    ("dual-core OPU's simulator, MobileNetV1 on its board", "757,149 for 755,857 cycles", "0.17 %"),
    ("UltraTrail", "3 of 22,481 cycles", "0.01 %"),
    ("ONNXim, against Gemmini's RTL", "mean absolute error", "0.23 %"),
    ("MAESTRO", "", "3.9 %"),
    ("HybridDNN", "", "4 %"),
    ("ZigZag", "", "5.7 %"),
    ("Timeloop, against Gemmini's RTL", "", "14–48 %"),
)
"""(cycle model, what was compared, error), as their papers state it."""

MODEL_SPEED = (
    ("SCALE-Sim 3.0.0, 32 × 32 weight-stationary", "3,318,011", "277 s", "6.5 GiB"),
    ("SCALE-Sim 3.0.0, 16 × 16 output-stationary", "7,590,611", "518 s", "7.2 GiB"),
    ("ZigZag 3.9.1, its Edge-TPU-like array", "2,788,058", "54 s", "195 MB"),
)
"""(explorer, its cycles of MobileNetV1 1.0-224, wall time, peak memory), run on an idle 2-core x86-64 machine."""
