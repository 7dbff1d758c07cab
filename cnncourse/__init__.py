"""The library behind the course: every layer, measurement and check that its chapters derive.

Importing ``cnncourse`` is cheap. Each module loads what it needs when it is imported itself:

- ``shapes``: output sizes in plain integers
- ``layers``: convolution, pooling and norms from scratch, drop-ins for PyTorch's; blocks of them
- ``data``: bundled digits, photographs, textures and faces, drawn scenes; larger sets through
  torchvision
- ``analysis``: costs, receptive fields and equivariance of any ``nn.Module``
- ``architectures``: LeNet to EfficientNet, weight for weight those of torchvision
- ``explain``: why a network answered that, and what its units respond to
- ``transfer``: freezing, rates by depth and kept features, to reuse what a network has learnt
- ``training``, ``plotting``: one visible loop, one house style
- ``results``: what experiments found that take longer than a chapter may
- ``widgets``: explorers that compute in the page
- ``check``: verdicts and hints for the exercises
- ``train``: any of the networks, on any of the data, from the command line
"""

__version__ = "0.1.0"
