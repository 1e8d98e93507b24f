internal import COuterloopPQ
internal import OuterloopStore

/// The rows of a result, all of which have arrived. Columns are binary.
final class PostgresRows: StoreRows {
  private let result: OpaquePointer
  private let count: Int32
  private var row: Int32 = -1

  /// Takes ownership of the result.
  init(_ result: OpaquePointer) {
    self.result = result
    count = outerloop_pq_rows(result)
  }

  deinit { outerloop_pq_clear(result) }

  func next() -> PostgresRows? {
    guard row + 1 < count else { return nil }
    row += 1
    return self
  }

  func isNull(_ place: Int32) -> Bool { outerloop_pq_is_null(result, row, place) != 0 }

  private func raw(_ place: Int32) -> UnsafeBufferPointer<UInt8> {
    let count = Int(outerloop_pq_length(result, row, place))
    guard count > 0, let start = outerloop_pq_value(result, row, place) else {
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    let bytes = UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self)
    return UnsafeBufferPointer(start: bytes, count: count)
  }

  /// Integers of 1 to 8 bytes, the most significant first.
  private func bits(_ place: Int32) -> UInt64 {
    raw(place).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func isReal(_ place: Int32) -> Bool { outerloop_pq_type(result, place) == 701 }

  subscript(place: Int32) -> Int {
    if isReal(place) { return Int(exactly: (self[place] as Double).rounded()) ?? 0 }
    let bits = bits(place)
    return raw(place).count == 4
      ? Int(Int32(truncatingIfNeeded: bits)) : Int(Int64(bitPattern: bits))
  }

  subscript(place: Int32) -> Double {
    isReal(place) ? Double(bitPattern: bits(place)) : Double(self[place] as Int)
  }

  subscript(place: Int32) -> Bool { bits(place) != 0 }

  subscript(place: Int32) -> String { bytes(place) { String(decoding: $0, as: UTF8.self) } }

  func bytes<T>(_ place: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
    let raw = raw(place)
    guard let plain = PostgresStatement.plain(raw) else { return try body(raw) }
    return try plain.withUnsafeBufferPointer(body)
  }
}
