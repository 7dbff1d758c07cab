"""Why did the network answer that? Maps over the input, and what units respond to.

Every method is called ``method(model, x, target, …)`` with images ``x``, (N, C, H, W), and
``target``, one class for all of them or one for each. The score of a class is what the model
returns for it, before a softmax or behind it. Maps come back signed and whole: absolute values,
sums over channels, ReLU and enlargement say something of their own, and are left to the caller.

All methods run on a copy of the model, in evaluation mode: the model keeps its mode, its gradients,
its hooks and its statistics, whatever happens.
"""

from cnncourse.explain.activation_maximisation import activation_maximisation
from cnncourse.explain.activations import activations
from cnncourse.explain.grad_cam import grad_cam
from cnncourse.explain.guided_backpropagation import guided_backpropagation
from cnncourse.explain.integrated_gradients import integrated_gradients
from cnncourse.explain.occlusion import occlusion
from cnncourse.explain.saliency import saliency
from cnncourse.explain.similarity import linear_cka
from cnncourse.explain.smooth_grad import smooth_grad
from cnncourse.explain.top_patches import Patch, top_patches

__all__ = [
    "Patch",
    "activation_maximisation",
    "activations",
    "grad_cam",
    "guided_backpropagation",
    "integrated_gradients",
    "linear_cka",
    "occlusion",
    "saliency",
    "smooth_grad",
    "top_patches",
]
