// Nothing of its own: the target that holds the precompiled header needs a source.
