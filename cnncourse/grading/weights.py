"""Finding which weight of one module is which of another, by what they do.

Two modules compute the same family of functions where the numbers in the parameters of one are
those of the other in some order: whatever the names, the layers, the order of computation, the
layout of the axes, and the way the numbers are split among parameters. The order is found by
*colour refinement*, as graphs are compared. All numbers start with one colour, and equal colours
get equal values. The derivative of the output by each number then tells numbers apart that play
different roles: they get new colours. What stays equal is as a rule a true symmetry, such as that
of hidden channels; there one number is singled out, and the refinement goes on.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from cnncourse.grading.compare import ALL_ZEROS, Difference, difference
from cnncourse.grading.probe import NOISE, Probe, compare

PATIENCE = 4  # rounds without a new colour after which the colours are stable, half in each mode
MAX_ROUNDS = 1000
# What is said of every input and all weights, and the sizes of those on which it is tried again.
CLAIMS = (ALL_ZEROS, "wrong in evaluation mode", "wrong gradient", "gradient cut")
SIZES = (0.1, 0.3, 1, 3) * 4

Colours = tuple[Tensor, Tensor]  # of the numbers of the reference and of the module

UNLIKE = "no order of your weights makes them act on the output as those that are asked for"


def match(reference: Probe, module: Probe, x: Tensor) -> Difference | None:
    """Find an order of the module's numbers that makes it the reference; None where there is one.

    The last word has a comparison with fresh weights, on `x` and on others of its shape, one of
    them with large numbers: what cuts them off has to show.
    """
    search = _Search(reference, module, x)
    if search.colours is None:
        return search.held(search.difference, search.failed)
    for given, scale in ((x, 1), (search.draw(*x.shape), 1), (20 * search.draw(*x.shape), 3)):
        search.set(search.colours, scale * search.draw(reference.size))
        for training in (True, False):
            found, _ = compare(reference, module, given, training)
            if found and given is x and not found.evidence:
                continue  # of equal numbers in it, none is the largest: then gradients are open
            if found:
                return search.held(found, search.colours)
    return None


class _Search:
    """The search for the order in which a module holds the numbers of the reference.

    Numbers of the same one of the `colours`, all different, belong together. They are None where
    there is no order; then `difference` says what was found instead, with the colours `failed`.
    """

    def __init__(self, reference: Probe, module: Probe, x: Tensor) -> None:
        self.probes, self.x = (reference, module), x
        self.generator, self.rounds = torch.Generator().manual_seed(0), 0
        self.difference: Difference | None = None
        self.failed: Colours | None = None
        start = torch.zeros(reference.size, dtype=torch.long)
        colours = self._search((start, start))
        self.colours = None if colours is None else _in_order(colours)

    def draw(self, *shape: int) -> Tensor:
        """Draw normal numbers, the same in every run."""
        return torch.randn(shape, generator=self.generator, dtype=self.x.dtype)

    def set(self, colours: Colours, values: Tensor) -> None:
        """Give numbers of one colour the same value."""
        for probe, own in zip(self.probes, colours, strict=True):
            probe.set(values[own])

    def held(self, found: Difference, colours: Colours) -> Difference:
        """Leave out of a difference what other weights and inputs refute."""
        if found.name not in CLAIMS:
            return found
        for size in SIZES:
            self.set(colours, size * (self.draw(len(colours[0])) + 0.5))
            given = 10 * size * self.draw(*self.x.shape)
            if found.name == ALL_ZEROS:
                if self.probes[1].respond(given, training=True)[0].any():
                    return Difference("", found.evidence)
            else:
                again, _ = compare(*self.probes, given, training=True)
                if again and again.name not in CLAIMS:
                    return again
        return found

    def _search(self, colours: Colours) -> Colours | None:
        """Refine; where equals are left, try them in order, then single one out and go on."""
        refined = self._refine(colours)
        if refined is None or self.rounds >= MAX_ROUNDS:
            return refined
        ours, theirs = refined
        acting = ours[self.probes[0].acts]
        shared = acting[ours.bincount()[acting] > 1]
        if not len(shared):
            return refined
        in_order = self._refine(_in_order(refined))
        if in_order is not None:
            return in_order
        new = ours.max() + 1
        chosen = (ours == shared[0]).nonzero()[0]
        for candidate in (theirs == shared[0]).nonzero():
            branch = (ours.index_fill(0, chosen, new), theirs.index_fill(0, candidate, new))
            found = self._search(branch)
            if found is not None:
                return found
        return None

    def _refine(self, colours: Colours) -> Colours | None:
        """Split the colours until nothing new shows; None where the modules differ."""
        unchanged = 0
        while unchanged < PATIENCE and self.rounds < MAX_ROUNDS:
            self.rounds += 1
            values = self.draw(len(colours[0])) + 0.5  # mostly positive: fewer ReLUs are dead
            self.set(colours, values)
            x = self.draw(*self.x.shape)
            found, rows = compare(*self.probes, x, training=self.rounds % 2 == 1)
            split = None if found else _split(colours, rows)
            if split is None:
                if self.difference is None:
                    self.difference, self.failed = self._cause(found), colours
                return None
            unchanged = unchanged + 1 if torch.equal(split[0], colours[0]) else 0
            colours = split
        return colours

    def _cause(self, found: Difference | None) -> Difference:
        """Say which parameter does nothing, or gets no gradient, if there is one."""
        reference, module = self.probes
        idle = module.idle() if module.acts.sum() < reference.acts.sum() else ""
        if idle and not self._has_effect(idle):
            message = f"The weights are not all used: `{idle}` has no effect on the output."
            return Difference(message, found.evidence if found else "", "unused weights")
        if idle and not found:
            message = f"The output is right, but the gradient of `{idle}` is not."
            return Difference(message, "", "gradient cut")
        return found or Difference("", UNLIKE)

    def _has_effect(self, name: str) -> bool:
        module = self.probes[1]
        for training in (True, False) * PATIENCE:
            x, outputs = self.draw(*self.x.shape), []
            module.set(self.draw(module.size))
            for step in (0, 1):
                with torch.no_grad():
                    module.parameters[name] += step
                outputs.append(module.respond(x, training)[0])
            if difference(*outputs):
                return True
        return False


def _split(colours: Colours, rows: tuple[Tensor, Tensor]) -> Colours | None:
    """Give numbers of one colour with different derivatives new colours, the same in both modules.

    None where a colour does not come out in both equally often.
    """
    colour, slope = torch.cat(colours), torch.cat(rows)
    if not len(colour):
        return colours
    eps = torch.finfo(slope.dtype).eps
    order = torch.from_numpy(np.lexsort((slope.numpy(), colour.numpy())))
    colour, slope = colour[order], slope[order]
    largest = torch.zeros(len(order), dtype=slope.dtype)
    largest.scatter_reduce_(0, colour, slope.abs(), "amax")
    tolerance = eps**0.5 * largest[colour] + NOISE * eps * largest.max()
    new = (colour.diff() > 0) | (slope.diff() > tolerance[1:])
    split = torch.zeros(len(order), dtype=torch.long)
    split[order[1:]] = new.cumsum(0)
    ours, theirs = split.chunk(2)
    count = len(order)
    same = torch.equal(ours.bincount(minlength=count), theirs.bincount(minlength=count))
    return (ours, theirs) if same else None


def _in_order(colours: Colours) -> Colours:
    """Pair the numbers of each colour in their order: now every colour is there once."""
    ours, theirs = (own.argsort(stable=True).argsort() for own in colours)
    return ours, theirs
