import OuterloopCharts
import OuterloopStudy
import Testing

@testable import OuterloopDashboard

@Suite("Reports") struct StudyReportTests {
  @Test("a study in one file, in which nothing of the study is markup") func report() async throws {
    let fixture = try await Fixture("</script><img src=x onerror=alert(1)>")
    let html = try await StudyReport(
      of: fixture.study, in: fixture.store, fixture.dashboard.environment
    ).html
    #expect(html.hasPrefix("<!doctype html>"))
    #expect(!html.contains("<img") && !html.contains("<b>bold"))
    #expect(html.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"))
    // One script with data, one with code; both end where they are to.
    #expect(
      html.split(separator: "<script").count == 3 && html.split(separator: "</script>").count == 3)
    #expect(html.contains("trial 10") && html.contains("train --trial 10"))
    #expect(
      !html.contains("http://")
        || html.replacing("http://www.w3.org/2000/svg", with: "").contains("http://") == false)
  }

  @Test("a study without trials has a report") func empty() async throws {
    let fixture = try await Fixture(trials: 0)
    let html = try await StudyReport(
      of: fixture.study, in: fixture.store, fixture.dashboard.environment
    ).html
    #expect(html.contains("No trial is complete yet"))
  }

  @Test("ten thousand trials stay below 2 MB") func size() throws {
    let parameters = (0..<10).map { "p\($0)=float(0, 1)" }
    let space = try SearchSpace(parameters.map { try ParameterDeclaration(parsing: $0) })
    let specification = try StudySpecification(
      name: "large", space: space, objectives: [.minimize("loss")],
      method: MethodDescription("random"), seed: 1)
    var state: UInt64 = 1
    func unit() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / 0x1p53
    }
    let trials = try (0..<10_000).map { number in
      let assignment = try #require(space.assignment { _, domain in domain.value(atUnit: unit()) })
      var trial = Trial(number: number, assignment: assignment, through: 1, seen: 0, created: 0)
      trial.state = .complete
      trial.values = [unit()]
      return trial
    }
    let html = StudyReport(StudyFigures(specification, trials), metrics: ["loss"], command: nil)
      .html
    #expect(html.utf8.count < 2_000_000, "\(html.utf8.count)")
    #expect(html.contains("data-trial"))
  }
}
