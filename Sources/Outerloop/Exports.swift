// The umbrella: everything a program needs to state problems, differentiate them, and search.
@_exported public import OuterloopAutodiff
@_exported public import OuterloopBilevel
@_exported public import OuterloopLearning
@_exported public import OuterloopNumerics
@_exported public import OuterloopSearch
@_exported public import OuterloopStudy
@_exported public import OuterloopText
@_exported public import OuterloopTuning
