import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// The laws of search methods, where every training is of one epoch.
@Suite struct FreezeThawLawTests {
  static let cases: [SearcherLaws.Case] = {
    do {
      return try [
        .init("numbers", SearchSpace(parsing: ["x=float(1e-6, 1, log)", "n=int(1, 100)"])),
        .init("few", SearchSpace(parsing: ["a=choice(p, q, r)", "n=int(1, 3)"])),
        .init(
          "conditional",
          SearchSpace(parsing: [
            "kind=choice(a, b)", "x=float(0, 1) if kind == a", "n=int(1, 9) if kind == b",
          ])),
        .init(
          "constrained",
          SearchSpace(parsing: ["x=float(0, 1)", "y=float(0, 1)"], forbidden: ["x > y"])),
        .init(
          "few allowed",
          SearchSpace(parsing: ["a=int(1, 6)", "b=int(1, 6)"], forbidden: ["a + b != 7"])),
        .init("one point", SearchSpace(parsing: ["a=float(2, 2)", "b=constant(k)"])),
      ]
    } catch { preconditionFailure("\(error)") }
  }()

  static let method: SearchMethod = {
    var options = FreezeThawOptions()
    options.candidates = 32
    return .freezeThaw(options)
  }()

  /// Direction and unit are `FreezeThawSearchTests.isScaleFree`'s.
  @Test(arguments: cases) func laws(_ item: SearcherLaws.Case) throws {
    #expect(try SearcherLaws.staysInSpace(Self.method, item, trials: 30) == [])
    #expect(try SearcherLaws.replays(Self.method, item, trials: 25) == [])
    #expect(try SearcherLaws.survives(Self.method, item, trials: 20) == [])
    #expect(try SearcherLaws.takesConstraints(Self.method, item, trials: 20) == [])
  }

  /// Trials that are retried, a space that grows, a study that is stopped and goes on.
  @Test func changes() async throws {
    let wider = try SearchSpace(parsing: ["x=float(1e-6, 1, log)", "n=int(1, 200)"])
    let wrong = try await SearcherLaws.followsChanges(
      Self.method, Self.cases[0], to: wider, trials: 25)
    #expect(wrong == [])
  }
}
