//! What every infrastructure promises: one case per promise of `minoots_shared::ports`.
