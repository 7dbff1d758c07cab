"""The kinds of answer: one file each, and what an author needs to write an exercise."""

from cnncourse.grading.exercise import Exercise, Misconception
from cnncourse.grading.inputs import integer, real, whole
from cnncourse.grading.kinds.blanks import Blanks
from cnncourse.grading.kinds.choice import Choice
from cnncourse.grading.kinds.formula import Formula
from cnncourse.grading.kinds.function import Function
from cnncourse.grading.kinds.module import Module
from cnncourse.grading.kinds.number import Number
from cnncourse.grading.kinds.proof import Proof
from cnncourse.grading.rules import CONVOLUTIONS

__all__ = [
    "CONVOLUTIONS",
    "Blanks",
    "Choice",
    "Exercise",
    "Formula",
    "Function",
    "Misconception",
    "Module",
    "Number",
    "Proof",
    "integer",
    "real",
    "whole",
]
