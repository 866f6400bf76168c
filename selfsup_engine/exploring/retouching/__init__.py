"""Operations on a photo, each a pure function of the photo, a model or a reference, and parameters."""
