"""Follows receptive fields through any network, operation by operation.

maps     units on a line and the pixels they see
terms    where a tensor holds its positions, after any change of layout
field    the union of terms, everything, or unknown
calls    one operation with what is known of its tensors
windows, sums, layout, patches, joins, memory
         how each kind of operation carries fields on
rules    which operation is of which kind
tracing  a run of a model without data, preserving everything

On these stand the theoretical field, its table, and the effective field with its Gaussian fit.
"""
