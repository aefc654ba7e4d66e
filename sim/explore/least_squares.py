"""Least squares with weights that are not negative: a part of a design never takes less than nothing."""

import numpy as np
from numpy.typing import NDArray


def fit(features: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients ≥ 0 that minimise the sum of squares of ``features @ coefficients - wanted``.

    Parameters: `features` (rows, columns), none negative, `wanted` (rows,). The method is Lawson and Hanson's active
    set (Solving Least Squares Problems, 1974, chapter 23).
    """
    scale = features.max(axis=0)
    scale = np.where(scale > 0, scale, 1)
    a, b = features / scale, wanted
    columns = a.shape[1]
    used = np.zeros(columns, bool)
    x = np.zeros(columns)
    for _ in range(10 * columns):
        gain = a.T @ (b - a @ x)
        gain[used] = -np.inf
        if gain.max() <= 1e-9:
            break
        used[gain.argmax()] = True
        while True:
            trial = np.zeros(columns)
            trial[used] = np.linalg.lstsq(a[:, used], b, rcond=None)[0]
            if (trial[used] > 0).all():
                x = trial
                break
            # Goes from x towards the trial until the first coefficient is 0, and leaves that one out.
            falling = used & (trial <= 0)
            step = (x[falling] / (x[falling] - trial[falling])).min()
            x = x + step * (trial - x)
            used &= x > 1e-12
    return x / scale
