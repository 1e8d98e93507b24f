import OuterloopLearning
import OuterloopText

/// The property of every reader: any bytes give data that hold together, or a `DataError`.
public enum ReaderTrial {
  /// What an input did.
  public struct Outcome: Sendable, Equatable {
    /// How many of the attempts to read took the input.
    public var accepted = 0
    /// What a reader did that it must not do; empty when all is well.
    public var findings: [String] = []
  }

  /// The most bytes that a reader may unpack or return.
  public static let limit = 1 << 26

  /// Gives the input to all readers.
  public static func run(_ bytes: [UInt8]) -> Outcome {
    var outcome = Outcome()
    attempt("IDX", &outcome) { outcome in
      let array = try IDX.read(bytes: bytes, named: "fuzz", limit: limit)
      check("IDX count", array.count == array.shape.reduce(1, *), &outcome)
      if array.shape.count == 1 {
        let classes = try array.classes()
        check("IDX classes", classes.count == array.count, &outcome)
      } else {
        let labels = try IDX.read(bytes: labelFile(array.shape[0]), named: "labels", limit: limit)
        inspect(try IDX.labeled(images: array, labels: labels), &outcome)
      }
    }
    attempt("CSV", &outcome) { outcome in
      inspect(
        try CSV.read(bytes: bytes, named: "fuzz", options: CSV.Options(limit: limit)), &outcome)
    }
    attempt("CSV by index", &outcome) { outcome in
      let options = CSV.Options(header: .present, label: .index(0), limit: limit)
      inspect(try CSV.read(bytes: bytes, named: "fuzz", options: options), &outcome)
    }
    attempt("table", &outcome) { outcome in
      inspect(
        try CSV.prepare(bytes: bytes, named: "fuzz", options: CSV.Options(limit: limit)), &outcome)
    }
    attempt("table in another encoding", &outcome) { outcome in
      let name = encodings[bytes.count % encodings.count]
      var options = CSV.Options(limit: limit)
      options.encoding = try TextEncoding(named: name)
      if (bytes.count / encodings.count).isMultiple(of: 2) {
        options.label = .index(0)
        options.trusted = .last
      }
      inspect(try CSV.prepare(bytes: bytes, named: "fuzz", options: options), &outcome)
    }
    attempt("LIBSVM", &outcome) { outcome in
      let data = try LIBSVM.read(bytes: bytes, named: "fuzz", limit: limit)
      check("LIBSVM rows", data.rowStarts.last == data.storedCount, &outcome)
      inspect(try data.dense(limit: limit), &outcome)
    }
    return outcome
  }

  private static let encodings = ["windows-1251", "utf-16", "utf-16be", "latin1", "utf-8"]

  /// A table, and itself prepared as it says.
  private static func inspect(_ table: PreparedTable, _ outcome: inout Outcome) {
    inspect(table.data, &outcome)
    let data = table.data
    check("rows", data.rows == data.rows.sorted() && data.rows.count == data.count, &outcome)
    check("lines", data.lines == data.lines.sorted() && data.lines.count == data.count, &outcome)
    check("classes", data.classCount >= 2, &outcome)
    check("trusted", table.trusted.map { $0.count == data.count } ?? true, &outcome)
    let names = data.featureNames.count
    check("names", names == 0 || names == data.exampleSize, &outcome)
    check("notes: one line", table.notes.allSatisfy { !$0.contains { $0.isNewline } }, &outcome)
  }

  private static func attempt(
    _ name: String, _ outcome: inout Outcome, _ body: (inout Outcome) throws -> Void
  ) {
    do {
      try body(&outcome)
      outcome.accepted += 1
    } catch let error as DataError {
      let text = error.description
      check("\(name): one line", !text.contains { $0.isNewline }, &outcome)
      check("\(name): short", text.utf8.count < 2000, &outcome)
    } catch {
      outcome.findings.append("\(name) threw \(error)")
    }
  }

  private static func inspect(_ data: LabeledData, _ outcome: inout Outcome) {
    check("size", data.features.count == data.count * data.shape.reduce(1, *), &outcome)
    check("not empty", data.count > 0 && data.exampleSize > 0, &outcome)
    check("labels", data.labels.allSatisfy { (0..<data.classCount).contains(Int($0)) }, &outcome)
    check("finite", data.features.allSatisfy(\.isFinite), &outcome)
  }

  private static func check(_ name: String, _ holds: Bool, _ outcome: inout Outcome) {
    if !holds { outcome.findings.append(name) }
  }

  /// Labels for as many images as a small file may hold.
  private static func labelFile(_ count: Int) -> [UInt8] {
    let count = min(count, 1 << 16)
    return [0, 0, 8, 1] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
      + [UInt8](repeating: 1, count: count)
  }
}
