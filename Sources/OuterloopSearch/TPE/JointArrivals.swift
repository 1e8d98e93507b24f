/// Maps the kernels of a ``JointParzen`` to trials. Kernels of observations are numbered from 1, in no
/// order; when a kernel is removed, the last one takes its number.
struct JointArrivals: Sendable {
  /// Ascending, and the kernel of each.
  private(set) var arrivals: [Int] = []
  private(set) var numbers: [Int] = []
  /// The arrival of each kernel; the prior's has none.
  private var arrivalOf = [Int.min]

  /// The number of observations.
  var count: Int { arrivals.count }

  /// The number of earlier arrivals. O(log n).
  func ordinal(of arrival: Int) -> Int {
    // Nearly always the newest.
    guard let last = arrivals.last, last >= arrival else { return arrivals.count }
    return arrivals.indices.partitionPoint { arrivals[$0] < arrival }
  }

  func number(of arrival: Int) -> Int { numbers[ordinal(of: arrival)] }

  /// Gives the next number to an arrival and returns its ordinal. O(1) for the newest, O(n) at most.
  mutating func insert(_ arrival: Int) -> Int {
    let ordinal = ordinal(of: arrival)
    precondition(ordinal == count || arrivals[ordinal] != arrival, "\(arrival) is there already")
    arrivals.insert(arrival, at: ordinal)
    numbers.insert(count, at: ordinal)
    arrivalOf.append(arrival)
    return ordinal
  }

  /// Returns the freed number, for the last kernel. O(n).
  mutating func remove(_ arrival: Int) -> Int {
    let ordinal = ordinal(of: arrival)
    precondition(ordinal < count && arrivals[ordinal] == arrival, "no \(arrival) to remove")
    let kernel = numbers[ordinal]
    numbers[self.ordinal(of: arrivalOf[count])] = kernel
    arrivalOf.swapRemove(kernel)
    arrivals.remove(at: ordinal)
    numbers.remove(at: ordinal)
    return kernel
  }
}
