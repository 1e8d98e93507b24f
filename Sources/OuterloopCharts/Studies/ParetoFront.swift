/// Which rows no other row beats: none is at least as small in every place and smaller in one.
enum ParetoFront {
  /// The indices of the front, in lexicographic order of the rows; equal rows are all on it. Rows
  /// with NaN are passed over.
  ///
  /// In lexicographic order a row can only be beaten by one that stands before it, hence by one of
  /// the front as it is so far. (Kung, Luccio and Preparata, 1975, begin with the same order.)
  ///
  /// - Complexity: O(n log n + n f) for a front of f rows, O(n log n) for two objectives.
  static func indices(of rows: [[Double]]) -> [Int] {
    let order = rows.indices.filter { !rows[$0].contains(where: \.isNaN) }.sorted {
      rows[$0] == rows[$1] ? $0 < $1 : rows[$0].lexicographicallyPrecedes(rows[$1])
    }
    var front: [Int] = []
    for index in order {
      let row = rows[index]
      // With two objectives the latest of the front is the smallest in the second.
      let rivals = row.count == 2 ? front.suffix(1) : front[...]
      let isBeaten = rivals.contains { rival in
        rows[rival] != row && zip(rows[rival], row).allSatisfy { $0 <= $1 }
      }
      if !isBeaten { front.append(index) }
    }
    return front
  }
}
