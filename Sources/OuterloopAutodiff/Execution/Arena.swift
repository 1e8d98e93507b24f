/// Places values of known size and lifetime in one block of memory.
///
/// Best fit over a list of free ranges, in the order in which lifetimes begin; everything is
/// aligned to a cache line.
struct Arena {
  private(set) var byteCount = 0
  private var free: [Range<Int>] = []

  static func aligned(_ byteCount: Int) -> Int { (Swift.max(byteCount, 1) + 63) & ~63 }

  /// The offset of a new value.
  /// - Complexity: O(free ranges).
  mutating func allocate(_ byteCount: Int) -> Int {
    let size = Self.aligned(byteCount)
    let fitting = free.indices.filter { free[$0].count >= size }
    if let best = fitting.min(by: { free[$0].count < free[$1].count }) {
      let start = free[best].lowerBound
      free[best] = (start + size)..<free[best].upperBound
      if free[best].isEmpty { free.remove(at: best) }
      return start
    }
    // Grow, using a free range at the end if there is one.
    if let last = free.indices.last, free[last].upperBound == self.byteCount {
      let start = free[last].lowerBound
      free.remove(at: last)
      self.byteCount = start + size
      return start
    }
    let start = self.byteCount
    self.byteCount += size
    return start
  }

  /// Frees a value's memory.
  mutating func release(_ offset: Int, _ byteCount: Int) {
    var range = offset..<(offset + Self.aligned(byteCount))
    let index = free.firstIndex { $0.lowerBound >= range.upperBound } ?? free.count
    var position = index
    if position < free.count, free[position].lowerBound == range.upperBound {
      range = range.lowerBound..<free[position].upperBound
      free.remove(at: position)
    }
    if position > 0, free[position - 1].upperBound == range.lowerBound {
      range = free[position - 1].lowerBound..<range.upperBound
      free.remove(at: position - 1)
      position -= 1
    }
    free.insert(range, at: position)
  }
}
