import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopStore

/// Events are read as they were written, by the short way and by the general one.
@Suite struct EventRowTests {
  /// The columns of one event.
  private struct Row: StoreRows {
    var event: Event
    var columns: EventRow

    func next() -> Row? { nil }

    private func number(_ place: Int32) -> Int? {
      switch place {
      case 0: event.revision
      case 2: event.trial
      case 4: columns.attempt
      case 5: columns.epoch
      case 6: columns.seen
      default: nil
      }
    }

    private func text(_ place: Int32) -> String? { place == 3 ? columns.kind : columns.body }

    func isNull(_ place: Int32) -> Bool {
      place == 3 || place == 7 ? text(place) == nil : place != 1 && number(place) == nil
    }
    subscript(place: Int32) -> Int { number(place) ?? 0 }
    subscript(place: Int32) -> Double { event.time }
    subscript(place: Int32) -> Bool { false }
    subscript(place: Int32) -> String { text(place) ?? "" }

    func bytes<T>(_ place: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> T) rethrows -> T {
      var text = text(place) ?? ""
      return try text.withUTF8(body)
    }
  }

  private static let coder: AssignmentCoder = {
    var space = SearchSpace()
    _ = try? space.float("lr", 0...1)
    _ = try? space.choice("act", ["relu", "tanh"])
    return AssignmentCoder(space)
  }()

  private static func read(_ kind: String, _ body: String?) -> String {
    let columns = EventRow(kind: kind, attempt: 2, epoch: 3, seen: 4, body: body)
    let row = Row(event: Event(revision: 5, time: 6.5, trial: 7, .retried), columns: columns)
    return described { try EventRow.event(row, coder).kind }
  }

  private static func general(_ kind: String, _ body: String?) -> String {
    described {
      try EventRow(kind: kind, attempt: 2, epoch: 3, seen: 4, body: body).event(coder)
    }
  }

  /// NaN equals itself here, and the order of a dictionary does not matter.
  private static func described(_ kind: () throws -> Event.Kind) -> String {
    func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "nil" }
    do {
      switch try kind() {
      case .reported(let attempt, let report):
        let values = report.values.sorted { $0.key < $1.key }.map { "\($0)=\(text($1))" }
        return "\(attempt) \(report.epoch) \(values) \(text(report.seconds))"
      case .finished(let attempt, .complete(let values), let seconds):
        return "\(attempt) \(values.map(text)) \(text(seconds))"
      case let other: return "\(other)"
      }
    } catch { return "failure" }
  }

  @Test func readsWhatIsWritten() {
    let numbers = [
      0, -0.0, 16, 0.1, 1e300, Double.leastNonzeroMagnitude, .nan, .infinity, -.infinity,
    ]
    let names = ["loss", "", "a \"b\"\n\\c", "gradient.lr", "größe", "a name beyond fifteen bytes"]
    for _ in 0..<2000 {
      var values: [String: Double] = [:]
      for name in names.shuffled().prefix(.random(in: 0...4)) {
        values[name] = Bool.random() ? numbers.randomElement() : .random(in: -1...1)
      }
      let seconds = Bool.random() ? nil : Double.random(in: 0...100)
      let report = Report(epoch: 3, values, seconds: seconds)
      let list = (0..<Int.random(in: 0...3)).map { _ in numbers.randomElement() ?? 0 }
      for kind in [
        Event.Kind.reported(attempt: 2, report),
        .finished(attempt: 2, .complete(list), seconds: seconds),
      ] {
        let row = EventRow(kind, Self.coder)
        #expect(Self.read(row.kind, row.body) == Self.described { kind }, "\(row.body ?? "")")
        #expect(Self.general(row.kind, row.body) == Self.described { kind }, "\(row.body ?? "")")
      }
    }
  }

  /// Other forms than the one that is written, of earlier versions and of damaged files.
  @Test(arguments: [
    nil, "", "{", "{}", "[0.5]", "[]", "{\"values\":{\"a\":1}} ", " {\"values\":{\"a\":1}}",
    "{\"values\": {\"a\": 1}, \"seconds\": 2}", "{\"seconds\":2,\"values\":{\"a\":1}}",
    "{\"values\":{\"a\":1},\"seconds\":null}", "{\"values\":{\"a\":1},\"seconds\":2,\"more\":3}",
    "{\"values\":{\"a\":1,\"a\":2}}", "{\"values\":{\"a\":\"x\"}}", "{\"values\":{\"a\":1}",
    "{\"values\":[0.5],\"values\":[1]}", "{\"values\":[0.5],\"seconds\":\"NaN\"}",
    "{\"values\":[\"NaN\",\"-Infinity\"]}", "{\"values\":{\"a\":1}}}", "{\"values\":[0.5,]}",
    "{\"values\":{\"a\":1}\n,\"seconds\":2}", "{\"values\":{\"\\u0061\":1}}", "{\"values\":null}",
    "{\"lr\":0.5,\"act\":\"relu\"}", "{\"lr\":2.5}", "{\"lr\":0.5}x", "complete",
  ])
  func readsOtherForms(_ body: String?) {
    for kind in ["reported", "complete", "suggested", "claimed", "unknown"] {
      #expect(Self.read(kind, body) == Self.general(kind, body), "\(kind) \(body ?? "NULL")")
    }
  }
}
