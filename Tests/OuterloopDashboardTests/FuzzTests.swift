import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopDashboard

/// Requests that were broken at random: whatever comes, it is answered, and not by an error of the server's own.
@Suite("Broken requests") struct DashboardFuzzTests {
  private struct Random {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(max(1, bound)))
    }
  }

  private static let targets = [
    "/api/v1/studies/1/trials?where=loss+%3C+0.1+and+lr+%3E+1e-3&sort=lr&limit=3&offset=1",
    "/api/v1/studies/1/trials?where=(opt+%3D%3D+sgd+or+not+momentum+%3E+0.5)+and+number+%3C+5",
    "/api/v1/studies/1/trials?where=state+in+%5Bcomplete%2C+failed%5D&state=stale&reverse=true",
    "/api/v1/studies/1/plots/history.svg?objective=loss&scale=log",
    "/api/v1/studies/1/trials/3/files/a/b.txt", "/api/v1/studies/1/trials/3/log?from=12",
    "/api/v1/compare.svg?studies=1,1&together=true", "/study/1/trial/3", "/assets/style.css",
  ]
  private static let bodies = [
    #"{"params": {"lr": 0.01, "opt": "adam", "momentum": 0.5}}"#,
    #"{"trials": 12, "epochs": null, "seconds": 1e9}"#, ##"{"text": "# notes\n*a*"}"##, "{}",
  ]
  private static let pieces = [
    "%", "%00", "%ff", "..", "/", "&", "=", "(", ")", "and", "not", "<", ">=", "'", "\"", "1e999",
    "-1",
    "9223372036854775808", "NaN", "\u{0}", "é", "[", "{", "\\", "number", " ",
  ]

  private static func broken(_ text: String, _ random: inout Random) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...random.below(4) {
      let place = random.below(scalars.count + 1)
      switch random.below(4) {
      case 0 where place < scalars.count: scalars.remove(at: place)
      case 1:
        scalars.insert(
          contentsOf: Array(pieces[random.below(pieces.count)].unicodeScalars), at: place)
      case 2 where place < scalars.count:
        scalars.insert(contentsOf: scalars[place..<min(scalars.count, place + 12)], at: place)
      default: if place < scalars.count { scalars.removeSubrange(place...) }
      }
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars)
    return String(result)
  }

  @Test("targets and bodies", arguments: [UInt64(1), 2, 3]) func targets(_ seed: UInt64)
    async throws
  {
    let fixture = try await Fixture()
    var random = Random(state: seed &* 0x9e37_79b9_7f4a_7c15)
    for _ in 0..<400 {
      let target = Self.broken(Self.targets[random.below(Self.targets.count)], &random)
      guard let request = Request(method: "GET", target: target, headers: ["host": "here"]) else {
        continue
      }
      let response = await fixture.handler.response(to: request)
      #expect(response.status.rawValue < 500, "\(target): \(response.text)")
    }
    let actions = ["trials", "budget", "stop", "reopen", "trials/4/retry", "trials/11/stop"]
    for _ in 0..<200 {
      let body = Self.broken(Self.bodies[random.below(Self.bodies.count)], &random)
      let action = actions[random.below(actions.count)]
      let response = try await fixture.send("POST", "/api/v1/studies/1/\(action)", body)
      #expect(response.status.rawValue < 500, "\(action) \(body): \(response.text)")
    }
    // What was taken is a study as any other.
    #expect(try await fixture.json("/api/v1/studies/1")["name"] != nil)
  }
}
