import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import OuterloopText
import Testing

@Suite struct SamplerOptionTests {
  private func error(_ text: String) -> String {
    do {
      return
        "no error: \(try SearchMethod.named(MethodDescription(ComponentDescription(parsing: text))).description)"
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    "tpe:candidates=0":
      "the option candidates of tpe cannot be 0; it is a whole number from 1 to 100000",
    "tpe:candidates=1e9":
      "the option candidates of tpe cannot be 1000000000.0; it is a whole number from 1 to 100000",
    "tpe:candidates=2.5":
      "the option candidates of tpe cannot be 2.5; it is a whole number from 1 to 100000",
    "tpe:startup=-1":
      "the option startup of tpe cannot be -1; it is a whole number from 0 to 1000000000",
    "tpe:startup=99999999999999999999":
      "the option startup of tpe cannot be 1e+20; it is a whole number from 0 to 1000000000",
    "tpe:startup=many":
      "the option startup of tpe cannot be many; it is a whole number from 0 to 1000000000",
    "tpe:kernels=-3":
      "the option kernels of tpe cannot be -3; it is 0, for all trials, or a whole number from 200 to 1000000000",
    "tpe:kernels=199":
      "the option kernels of tpe cannot be 199; it is 0, for all trials, or a whole number from 200 to 1000000000",
    "tpe:priorWeight=nan":
      "the option priorWeight of tpe cannot be nan; it is a number from 1e-06 to 1000000.0",
    "tpe:priorWeight=0":
      "the option priorWeight of tpe cannot be 0; it is a number from 1e-06 to 1000000.0",
    "tpe:priorWeight=1e300":
      "the option priorWeight of tpe cannot be 1e+300; it is a number from 1e-06 to 1000000.0",
    "tpe:group=yes": "the option group of tpe cannot be yes; it is true or false",
    "tpe:multivariate=false,group=true":
      "the options multivariate=false and group=true of tpe exclude one another; groups are joint densities: leave one of the two out",
    "tpe:exact=true,kernels=500":
      "the options exact=true and kernels=500 of tpe exclude one another; exact densities are of all trials: leave one of the two out",
    "tpe:candidate=3": "tpe has no option `candidate`; did you mean `candidates`?",
    "tpe:startup=3,startup=4": "the option `startup` is given twice; remove one of them",
    "tpe:startup": "`startup` is not an option; write it as in grid:resolution=7",
    "tpe:": "`` is not an option; write it as in grid:resolution=7",
    "grid:resolution=0":
      "the option resolution of grid cannot be 0; it is a whole number from 1 to 1000000",
    "grid:resolution=1e30":
      "the option resolution of grid cannot be 1e+30; it is a whole number from 1 to 1000000",
    "grid:resolution=nan":
      "the option resolution of grid cannot be nan; it is a whole number from 1 to 1000000",
    "grid:size=3": "grid has no option `size`; the options are resolution",
    "sobol:scramble=false": "sobol has no option `scramble`; leave it out; there are none",
    "gp:startup=1":
      "the option startup of gp cannot be 1; it is a whole number from 2 to 1000000000",
    "gp:fits=0": "the option fits of gp cannot be 0; it is a whole number from 1 to 1000",
    "gp:startups=3": "gp has no option `startups`; did you mean `startup`?",
    "cmaes:population=3":
      "the option population of cmaes cannot be 3; it is 0, for 4 + 3 ln d of d parameters, or a whole number from 4 to 100000",
    "de:population=3":
      "the option population of de cannot be 3; it is a whole number from 4 to 100000",
    "nsga2:divisions=3":
      "nsga2 has no option `divisions`; the options are population, crossover, crossoverIndex, mutationIndex, mutations",
    "tpee": "there is no sampler `tpee`; did you mean `tpe`?",
  ])
  func refusals(text: String, message: String) {
    #expect(error(text) == message)
  }

  @Test(arguments: [
    "random", "sobol", "grid", "grid:resolution=1", "grid:resolution=1e3", "tpe",
    "tpe:startup=0,candidates=1", "tpe: startup = 20", "tpe:multivariate=false,group=false",
    "tpe:group=true", "tpe:exact=true,kernels=0", "tpe:kernels=200", "tpe:priorWeight=1e-6",
    "gp", "gp:startup=2,fits=1000", "gp:gradients=0",
    "cmaes", "cmaes:population=0", "catcma:startup=10", "nsga3:divisions=0", "de:memory=1",
  ])
  func whatIsTaken(text: String) {
    #expect(error(text).hasPrefix("no error"))
  }

  /// Options in Swift are checked when a study begins.
  @Test func optionsInSwift() throws {
    let changes: [(inout TPEOptions) -> Void] = [
      { $0.startup = -1 }, { $0.startup = .max }, { $0.candidates = 0 }, { $0.candidates = .max },
      { $0.kernels = -1 }, { $0.kernels = 5 }, { $0.priorWeight = .nan }, { $0.priorWeight = 0 },
      { ($0.multivariate, $0.group) = (false, true) },
    ]
    for change in changes {
      var options = TPEOptions()
      change(&options)
      let method = SearchMethod.tpe(options)
      #expect(throws: StudyError.self) { try SearchSimulation(.cube(1), by: method) }
    }
    for resolution in [0, -1, Int.max, Int.min] {
      let method = SearchMethod.grid(resolution: resolution)
      #expect(throws: StudyError.self) { try SearchSimulation(.cube(1), by: method) }
    }
  }

  /// Groups are joint with several objectives too.
  @Test func groupsMeanJointDensities() throws {
    var options = TPEOptions()
    options.group = true
    #expect(SearchMethod.tpe(options).description.sampler.options == ["group": true])
  }
}
