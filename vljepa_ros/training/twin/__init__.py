"""The token-generating twin: what comes after the X-encoder, once as VL-JEPA and once as text.

Both start from random weights on the same frozen state tokens and the same frozen sentence vectors,
and see the same batches: state, action and question in, the statement true after the action out.
`Imaginer` answers with a point in the embedding space, `Generator` with words (VL-JEPA against a
token-generating VLM, arXiv 2512.10942, section 4).
"""
