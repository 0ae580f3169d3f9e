"""Which of several uncertain numbers a spread is due to.

First-order shares of the variance (Sobol' 1993; Saltelli et al. 2008, Global Sensitivity Analysis,
1.2), by stepwise regression on the numbers, as Helton, Johnson, Sallaberry & Storlie 2006, Reliab.
Eng. Syst. Saf. 91, 1175, recommend for samples of few draws. For independent numbers and a linear
function, the regression's variance due to a number is its first-order effect. What is curved, or
due to numbers together, is left over.
"""

import numpy as np
from scipy.special import fdtrc

#: A number enters the regression if its F test's p-value is below this: the level of Helton et al.
ENTER = 0.02
#: Values that differ by less than this share of the largest are the same.
_ROUNDING = 1e-12


def first_order(numbers: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The share of each of k numbers in the variance of ``y`` (n), at least 0; (k).

    ``numbers`` (n, k) are independent and uniform on 0..1. At each step the number that explains
    most of the rest of ``y`` enters, until none is significant. Squares of slopes are corrected for
    their own error, which would add to them. The shares sum to 1 at most.
    """
    centred = numbers - 0.5
    entered = stepwise(centred, y)
    shares = np.zeros(numbers.shape[1])
    if not entered:
        return shares
    slopes, errors, rest = _regression(centred[:, entered], y)
    due = np.maximum(slopes**2 - errors**2, 0) / 12  # the variance of a uniform number is 1/12
    shares[entered] = due / (due.sum() + rest)
    return shares


def stepwise(numbers: np.ndarray, y: np.ndarray) -> list[int]:
    """The columns of ``numbers`` (n, k) that enter a regression of ``y`` (n), in that order.

    At most half as many as there are draws.
    """
    n, k = numbers.shape
    others = numbers - numbers.mean(axis=0)
    rest, entered = y - y.mean(), list[int]()
    rounding = n * (_ROUNDING * np.abs(y).max()) ** 2
    while len(entered) < min(k, n // 2) and rest @ rest > rounding:
        # columns and rest are orthogonal to the columns that have entered
        norms = np.sum(others**2, axis=0)
        usable = norms > 1e-9 * n
        gains = np.where(usable, (others.T @ rest) ** 2 / np.where(usable, norms, 1), 0)
        best = int(np.argmax(gains))
        freedom = n - 2 - len(entered)
        left = max(float(rest @ rest) - gains[best], 0)
        if left > 0 and fdtrc(1, freedom, gains[best] / (left / freedom)) > ENTER:
            break
        entered.append(best)
        unit = others[:, best] / np.sqrt(norms[best])
        rest = rest - unit * (unit @ rest)
        others = others - np.outer(unit, unit @ others)
    return entered


def _regression(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The slopes of ``y`` on the columns of ``x``, their standard errors, the residual variance."""
    design = np.column_stack([np.ones(len(y)), x])
    found = np.linalg.lstsq(design, y, rcond=None)[0]
    variance = float(np.sum((y - design @ found) ** 2)) / (len(y) - design.shape[1])
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    return found[1:], errors[1:], variance
