internal import OuterloopLearning

/// The values of all rows that are not 0, for products with few columns.
struct SparseRows: Sendable {
  let rows, columns: Int
  private var starts = [0]
  private var places: [Int32] = []
  private var values: [Float] = []

  init(_ data: LabeledData) {
    (rows, columns) = (data.count, data.exampleSize)
    starts.reserveCapacity(rows + 1)
    data.features.withUnsafeBufferPointer { x in
      for row in 0..<rows {
        for column in 0..<columns {
          let value = x[row * columns + column]
          guard value != 0 else { continue }
          places.append(Int32(column))
          values.append(value)
        }
        starts.append(values.count)
      }
    }
  }

  /// The mean of the values that are not 0; nil if there are none, or negative ones.
  var meanOfPositive: Double? {
    guard !values.isEmpty, values.allSatisfy({ $0 > 0 }) else { return nil }
    return values.reduce(0) { $0 + Double($1) } / Double(values.count)
  }

  /// X M for M (columns, r); rows that are not in the part stay 0.
  func times(_ m: [Float], _ r: Int, part: [Int]? = nil) -> [Float] {
    product(m, r, outputs: rows, part) { row, column in (row, column) }
  }

  /// X' M for M (rows, r), of the rows of a part.
  func transposedTimes(_ m: [Float], _ r: Int, part: [Int]? = nil) -> [Float] {
    product(m, r, outputs: columns, part) { row, column in (column, row) }
  }

  private func product(
    _ m: [Float], _ r: Int, outputs: Int, _ part: [Int]?,
    _ place: (Int, Int) -> (to: Int, from: Int)
  ) -> [Float] {
    var result = [Float](repeating: 0, count: outputs * r)
    result.withUnsafeMutableBufferPointer { y in
      m.withUnsafeBufferPointer { m in
        for row in part ?? Array(0..<rows) {
          for index in starts[row]..<starts[row + 1] {
            let value = values[index]
            let (to, from) = place(row, Int(places[index]))
            for k in 0..<r { y[to * r + k] += value * m[from * r + k] }
          }
        }
      }
    }
    return result
  }
}
