private import OuterloopPlatform

// The two functions of the system's mathematics library that this room needs.
func _log(_ x: Double) -> Double { log(x) }
func _exp(_ x: Double) -> Double { exp(x) }
