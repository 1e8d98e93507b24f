import Foundation
import OuterloopText
import Testing

@testable import OuterloopRunner

/// Which lines are reports, and what they say.
@Suite struct ReportLineTests {
  private func line(_ text: String, isPersistent: Bool = false) -> ReportLine? {
    ReportLine(Array(text.utf8)[...], .init(objectives: ["loss"], isPersistent: isPersistent))
  }

  @Test(arguments: [
    "", "loss 0.3", "[1]", "{\"accuracy\": 1}", "{}", "{\"loss\": 1} x", "{\"loss\": 1",
    "{loss: 1}", "{\"loss\": 0x10}", "{\"loss\": .5}", "{\"loss\": -.5}", "{\"loss\": +1}",
    "{\"loss\": 1,}", "{\"loss\" 1}",
    "\"loss\"", "{\"done\": true}", "{\"loss\": tru}", "{\"loss\": \"\\q\"}", "{\"loss\": 1}}",
    "{\"a\": {\"loss\": 1}}", "{\"loss\": -}", "{\"loss\": 1 2}", "{\"\\ud800\": 1, \"loss\": 1}",
  ])
  func log(_ text: String) { #expect(line(text) == nil) }

  @Test func values() throws {
    let report = try #require(
      line(
        "  {\"epoch\": 3, \"loss\": 1e-3, \"acc\": 0.5, \"seconds\": 2.5, \"note\": \"x\","
          + " \"list\": [1, {\"a\": []}], \"ok\": true}\r"))
    #expect(report.epoch == 3)
    #expect(report.values == ["loss": 0.001, "acc": 0.5])
    #expect(report.seconds == 2.5)
    #expect(report.notNumbers.isEmpty)
  }

  @Test(arguments: [
    ("nan", Double.nan), ("-nan(ind)", .nan), ("-inf", -.infinity), ("1.#QNAN", .nan),
    ("NaN", .nan), ("\"nan\"", .nan), ("Infinity", .infinity), ("\"inf\"", .infinity),
    ("-Infinity", -.infinity), ("\"-Infinity\"", -.infinity), ("1E5", 1e5), ("-0.5", -0.5),
    ("12345678901234567890", 12345678901234567890.0), ("1e999", .infinity),
  ])
  func numbers(_ text: String, _ value: Double) throws {
    let found = try #require(line("{\"loss\":\(text)}")?.values["loss"])
    #expect(found == value || (found.isNaN && value.isNaN))
  }

  /// Derivatives by parameters are metrics; what is no number in them is left out.
  @Test func gradients() throws {
    let report = try #require(
      line("{\"loss\": 0.3, \"gradient\": {\"lr\": 0.1, \"decay\": -2, \"a\": \"x\", \"b\": NaN}}"))
    #expect(report.values.count == 4 && report.values["loss"] == 0.3)
    #expect(report.values["gradient.lr"] == 0.1 && report.values["gradient.decay"] == -2)
    #expect(report.values["gradient.b"]?.isNaN == true)
    #expect(report.notNumbers.isEmpty && report.isReport)
    // Alone it is no report; as a number it is a metric, and as an objective it is that.
    #expect(line("{\"gradient\": {\"lr\": 1}}") == nil)
    #expect(line("{\"loss\": 1, \"gradient\": 2}")?.values == ["loss": 1, "gradient": 2])
    let objective = ReportLine(
      Array("{\"gradient\": {\"lr\": 1}}".utf8)[...],
      .init(objectives: ["gradient"], isPersistent: false))
    #expect(objective?.values == [:] && objective?.notNumbers["gradient"] != nil)
  }

  @Test(arguments: ["\"abc\"", "null", "true", "[1]", "{\"a\": 1}"])
  func notNumbers(_ text: String) throws {
    let report = try #require(line("{\"loss\":\(text)}"))
    #expect(report.values.isEmpty)
    #expect(report.notNumbers["loss"] != nil)
  }

  @Test(arguments: ["0", "-1", "1.5", "\"2\"", "1e30", "NaN"])
  func badEpochs(_ text: String) throws {
    let report = try #require(line("{\"epoch\":\(text), \"loss\": 1}"))
    #expect(report.epoch == nil)
    #expect(report.badEpoch != nil)
  }

  @Test func checkpointsAndEnds() throws {
    #expect(line("{\"checkpoint\": \"a/b\", \"epoch\": 2}")?.checkpoint == "a/b")
    #expect(line("{\"checkpoint\": true, \"epoch\": 2}")?.checkpoint == "")
    let done = try #require(line("{\"done\": true, \"error\": \"no\"}", isPersistent: true))
    #expect(done.isDone && done.error == "no")
    #expect(line("{\"done\": true}", isPersistent: true)?.error == nil)
    #expect(line("{\"done\": false}", isPersistent: true) == nil)
  }

  /// An objective may be called as the failure of a persistent program is.
  @Test func errorAsObjective() throws {
    func line(_ text: String) -> ReportLine? {
      ReportLine(Array(text.utf8)[...], .init(objectives: ["error"], isPersistent: true))
    }
    let result = try #require(line("{\"done\": true, \"error\": 0.25}"))
    #expect(result.isDone && result.error == nil && result.values == ["error": 0.25])
    let failure = try #require(line("{\"done\": true, \"error\": \"it diverged\"}"))
    #expect(failure.isDone && failure.error == "it diverged" && failure.notNumbers.isEmpty)
  }

  /// Our reader takes what Foundation's takes, and reads the same numbers; random damage to good
  /// lines included.
  @Test func agreesWithFoundation() throws {
    let good =
      "{\"loss\": -1.25e-2, \"s\": \"\\u00e4\\ud83d\\ude00\\n\", \"l\": [1, {\"b\": null}]}"
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = Array(good.utf8)
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        let place = bytes.indices.randomElement(using: &generator) ?? 0
        bytes[place] = Array("{}[]\",:01e-. \\uan".utf8).randomElement(using: &generator) ?? 0
      }
      let mine = JSON.members(ofLine: bytes[...])
      let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
      // Numbers such as `01` are no JSON; we take them, and `NaN`.
      if let theirs {
        #expect(mine != nil, "\(String(decoding: bytes, as: UTF8.self))")
        if let loss = theirs["loss"] as? NSNumber, !(theirs["loss"] is Bool),
          let value = mine?["loss"]?.number
        {
          #expect(abs(loss.doubleValue - value) <= 1e-12 * abs(value))
        }
      }
    }
  }

  @Test func splitsAnyPieces() {
    let text = "a\n\nbb\nccc"
    for size in 1...9 {
      var splitter = LineSplitter(limit: 2)
      var lines: [String] = []
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        splitter.take(bytes[start..<min(start + size, bytes.count)]) {
          lines.append(String(decoding: $0.bytes, as: UTF8.self))
        }
      }
      splitter.finish { lines.append(String(decoding: $0.bytes, as: UTF8.self)) }
      #expect(lines.filter { !$0.isEmpty } == ["a", "bb"])
    }
  }

  /// A line that is written over ends at the carriage return.
  @Test func splitsAtReturns() {
    for size in 1...9 {
      var splitter = LineSplitter()
      var lines: [String] = []
      let bytes = Array("a\rbb\r\nc\n".utf8)
      for start in stride(from: 0, to: bytes.count, by: size) {
        splitter.take(bytes[start..<min(start + size, bytes.count)]) {
          lines.append((($0.isRewritten ? "r:" : "") + String(decoding: $0.bytes, as: UTF8.self)))
        }
      }
      splitter.finish { _ in }
      #expect(lines == ["a", "r:bb", "r:", "c"])
    }
  }

  /// Whatever a program prints, looking for near misses ends.
  @Test func nearMissesOfNoise() {
    var random = Congruential(state: 5)
    let signs = Array("{}[]()'\",:=>\\ losepch.15-+nNone\u{e9}".utf8)
    for _ in 0..<20_000 {
      var line = Array("{\"loss\"".utf8)
      for _ in 0..<Int.random(in: 0...24, using: &random) {
        line.append(signs[Int.random(in: 0..<signs.count, using: &random)])
      }
      line.removeFirst(Int.random(in: 0...2, using: &random))
      _ = NearMiss(line[...], objectives: ["loss"])
      _ = TerminalText.plain(([0x1b] + line)[...])
    }
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 4000)
    _ = NearMiss((Array("{\"loss\":".utf8) + deep)[...], objectives: ["loss"])
  }

  /// Whatever a program prints is a report or log.
  @Test func mutationsNeverTrap() {
    var random = Congruential(state: 17)
    let seeds = [
      "{\"epoch\": 3, \"loss\": 1e-3, \"seconds\": 2.5, \"note\": \"x\\u00e9\\ud83d\\ude00\"}",
      "{\"loss\": [1, {\"a\": []}], \"done\": true, \"error\": null}",
      "{\"checkpoint\": \"a/b\", \"epoch\": 9223372036854775807, \"loss\": -Infinity}",
    ].map { Array($0.utf8) }
    var reports = 0
    for _ in 0..<20_000 {
      var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.removeSubrange(place..<min(bytes.count - 1, place + 9))
        default: bytes.insert(contentsOf: Array("[{\"\\u9e9".utf8), at: place)
        }
      }
      let isPersistent = Bool.random(using: &random)
      if ReportLine(bytes[...], .init(objectives: ["loss"], isPersistent: isPersistent)) != nil {
        reports += 1
      }
    }
    #expect(reports > 200)
  }
}

/// A generator whose numbers are the same every time (Knuth's MMIX, its upper half).
private struct Congruential: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    func half() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 32
    }
    return half() << 32 | half()
  }
}
