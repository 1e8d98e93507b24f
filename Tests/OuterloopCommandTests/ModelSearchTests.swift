import Foundation
import Testing

/// Searches with a model, whose linear algebra library is loaded while programs are started.
@Suite struct ModelSearchTests {
  /// Several programs at once, again and again: each start is a fork beside a library with threads.
  @Test func programsStartBesideTheLibrary() throws {
    let tool = Tool()
    for seed in 0..<4 {
      let ending = try tool.run(
        [
          "tune", "--study", "s\(seed)", "--param", "x=float(0, 1)", "--minimize", "loss",
          "--sampler", "gp:startup=2", "--trials", "16", "--parallel", "4", "--seed", "\(seed)",
          "--timeout", "60s", "-q", "--json", "--", "echo", "{\"loss\": {x}}",
        ])
      #expect(ending.status == 0, "\(ending.err)")
      #expect(ending.out.contains("\"complete\" : 16"), "\(ending.out)")
    }
  }

  /// A command that ends while a fit for trials that never come is under way waits for it: the library would be
  /// unloaded under it. So many trials that the fit takes long, and the last one begins it.
  @Test(arguments: [293, 297, 301])
  func endsDuringAFit(_ trials: Int) throws {
    let ending = try Tool().run(
      [
        "tune", "--param", "x=float(0, 1)", "--param", "y=float(0, 1)", "--param", "z=float(0, 1)",
        "--minimize", "loss", "--sampler", "gp", "--trials", "\(trials)", "--parallel", "2",
        "--seed", "1", "-q", "--json", "--", "echo", "{\"loss\": {x}}",
      ])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.out.contains("\"complete\" : \(trials)"), "\(ending.out)")
  }
}
