// The umbrella: everything a program needs to state problems and differentiate them.
@_exported public import OuterloopAutodiff
@_exported public import OuterloopBilevel
@_exported public import OuterloopLearning
@_exported public import OuterloopNumerics
