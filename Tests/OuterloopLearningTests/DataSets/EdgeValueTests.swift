import Testing

@testable import OuterloopLearning

/// Values at the edges of their types: an error or an answer, never a trap.
@Suite struct EdgeValueTests {
  static let integers: [Int] = [.min, .min + 1, -2, -1, 0, 1, 2, 3, 1 << 33, .max - 1, .max]
  static let text = Array("a,b,y\n1,2,p\n3,4,q\n5,6,p\n7,8,q\n".utf8)

  /// The error, which must be of data, or nil.
  func refusal(_ body: () throws -> Void) -> DataError? {
    do {
      try body()
      return nil
    } catch {
      #expect(error is DataError, "\(error)")
      return error as? DataError
    }
  }

  @Test(arguments: integers) func columnsAndLimits(value: Int) {
    for trusted in [nil, CSV.LabelColumn.index(value), .last] {
      let options = CSV.Options(label: .index(value), trusted: trusted)
      let wrong = refusal { _ = try CSV.prepare(bytes: Self.text, named: "t", options: options) }
      if !(-3..<3).contains(value) { #expect(wrong?.cause == .column) }
    }
    let limited = CSV.Options(limit: value)
    let enough = value >= Self.text.count
    for isRead in [true, false] {
      let error = refusal {
        if isRead {
          _ = try CSV.read(bytes: Self.text, named: "t", options: limited)
        } else {
          _ = try CSV.prepare(bytes: Self.text, named: "t", options: limited)
        }
      }
      #expect(error == nil || !enough)
      #expect(enough || error?.cause == .tooLarge || value > 0)
    }
    let sparse = Array("1 1:2\n-1 2:3\n".utf8)
    _ = refusal { _ = try LIBSVM.read(bytes: sparse, named: "t", features: value, limit: value) }
    _ = refusal {
      let data = try LIBSVM.read(bytes: sparse, named: "t")
      _ = try data.widened(to: value).dense(limit: max(value, 1))
    }
    _ = refusal {
      _ = try IDX.read(bytes: idxFile(8, [2, 1], [1, 2]), named: "t", limit: value)
    }
  }

  @Test func everySeparator() {
    for separator in UInt8.min...UInt8.max {
      for header: CSV.Header in [.detected, .present, .absent] {
        let options = CSV.Options(header: header, separator: separator)
        _ = refusal { _ = try CSV.prepare(bytes: Self.text, named: "t", options: options) }
        _ = refusal { _ = try CSV.read(bytes: Self.text, named: "t", options: options) }
      }
    }
  }

  @Test func namesOfColumnsAndEncodings() {
    for name in ["", "\0", "a", "z", String(repeating: "x", count: 100_000)] {
      let options = CSV.Options(label: .name(name), trusted: .name(name), classNames: [name])
      #expect(
        refusal { _ = try CSV.prepare(bytes: Self.text, named: name, options: options) } != nil)
      #expect(throws: TextEncodingError.self) { try TextEncoding(named: name) }
    }
  }

  @Test func dataInMemory() throws {
    let data = try CSV.prepare(bytes: Self.text, named: "t").data
    for value in Self.integers {
      let isInside = data.labels.indices.contains(value)
      #expect((refusal { _ = try data.selecting([0, value]) } == nil) == isInside)
      let label = Int32(clamping: value)
      let isClass = (0..<2).contains(label)
      #expect((refusal { _ = try data.relabeled([0, 1, 0, label]) } == nil) == isClass)
      _ = refusal {
        _ = try LabeledData(
          shape: [value, value], features: [1], labels: [0], classNames: ["a"], source: "s")
      }
    }
    #expect(refusal { _ = try data.selecting([]) }?.cause == .empty)
    #expect(refusal { _ = try data.relabeled([]) }?.cause == .empty)
    #expect(refusal { _ = try data.named([]) }?.cause == .mismatch)
    for numbers in [[], [1, 2]] {
      let wrong = refusal {
        _ = try LabeledData(
          shape: [1], features: [1], labels: [0], classNames: ["a"], source: "s", rows: numbers)
      }
      #expect(wrong?.cause == .mismatch)
    }
    for divisor: Float in [
      0, -1, .nan, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ] {
      _ = refusal { _ = try Scaling.dividing(by: divisor).applied(to: data) }
    }
  }
}
