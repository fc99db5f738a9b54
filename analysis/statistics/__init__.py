"""Pure statistics: a tidy frame in, a tidy frame out, or `NotDefined` with the reason. Nothing here knows a study."""
