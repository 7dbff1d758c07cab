"""Explorers: figures to play with, alive in Jupyter, on Colab and in the published page.

Each is a Python class whose traits are the settings, and beside it the script that draws and
computes. The script's arithmetic is tested against the library in a real browser.
"""

from cnncourse.widgets.convolution import Convolution
from cnncourse.widgets.cost import Cost
from cnncourse.widgets.equivariance import Equivariance
from cnncourse.widgets.receptive_field import ReceptiveField

__all__ = ["Convolution", "Cost", "Equivariance", "ReceptiveField"]
