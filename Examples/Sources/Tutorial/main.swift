import Foundation

/// Compares numbers of this program with Outerloop's, and ends it if they differ.
func check(_ what: String, _ ours: [Double], _ theirs: [Double]) {
  let isSame =
    ours.count == theirs.count
    && zip(ours, theirs).allSatisfy { abs($0 - $1) <= 1e-10 * max(1, abs($1)) }
  print("\(what): \(ours), \(isSame ? "as" : "not as") Outerloop")
  if !isSame {
    print("Outerloop: \(theirs)")
    exit(1)
  }
}

try tracing()
try derivatives()
try compiledStep()
try hypergradient()
try outerLoop()
