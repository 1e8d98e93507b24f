import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopRunner

/// How GPUs and processors are cut into shares, on machines that are described.
@Suite struct ResourceRequestTests {
  private func machine(
    _ environment: [String: String] = [:], processors: Int = 8, quota: Double? = nil,
    devices: Int? = nil
  ) -> Machine {
    Machine(
      environment: environment, processors: Array(0..<processors), quota: quota, devices: devices)
  }

  private func request(
    gpus: String = "none", each: Double = 1, cpus: String = "none"
  ) throws -> ResourceRequest {
    ResourceRequest(
      gpus: try #require(DeviceChoice(gpus)), gpusPerTrial: try #require(DeviceShare(each)),
      cpus: try #require(ProcessorChoice(cpus)))
  }

  /// The values of a variable by slot.
  private func values(
    _ gpus: String, each: Double = 1, _ machine: Machine,
    of name: String = "CUDA_VISIBLE_DEVICES"
  ) throws -> [String?] {
    let request = try request(gpus: gpus, each: each)
    let slots = try #require(try request.slots(of: machine))
    return try request.resources(parallel: slots, of: machine).map { $0.environment[name] }
  }

  @Test(
    arguments: [
      ("4", 1, "", ["0", "1", "2", "3"]), ("0,2,3", 1, "", ["0", "2", "3"]), ("2,", 1, "", ["2"]),
      ("4", 2, "", ["0,1", "2,3"]), ("3", 2, "", ["0,1"]),
      ("2", 0.5, "", ["0", "1", "0", "1"]), ("1", 0.33, "", ["0", "0", "0"]),
      // What is inherited is what there is, and numbers count in it.
      ("2", 1, "4,5,6", ["4", "5"]), ("0,2", 1, "4,5,6", ["4", "6"]),
      ("all", 1, "4, 5,6", ["4", "5", "6"]), ("all", 1, "GPU-a1,GPU-b2", ["GPU-a1", "GPU-b2"]),
      ("GPU-b2,", 1, "GPU-a1,GPU-b2", ["GPU-b2"]),
      // CUDA reads no further than to the first name that is none.
      ("all", 1, "3,-1,4", ["3"]),
      ("MIG-GPU-1/2/0,", 1, "", ["MIG-GPU-1/2/0"]),
    ] as [(String, Double, String, [String])])
  func devices(_ gpus: String, _ each: Double, _ inherited: String, _ expected: [String]) throws {
    let environment = inherited.isEmpty ? [:] : ["CUDA_VISIBLE_DEVICES": inherited]
    #expect(try values(gpus, each: each, machine(environment)) == expected)
  }

  /// The uppermost variable is divided, those below stay as they are.
  @Test func variablesOfAMD() throws {
    let both = machine(["HIP_VISIBLE_DEVICES": "1,0", "ROCR_VISIBLE_DEVICES": "4,5"])
    #expect(try values("all", both, of: "HIP_VISIBLE_DEVICES") == ["1", "0"])
    #expect(try values("all", both, of: "ROCR_VISIBLE_DEVICES") == [nil, nil])
    #expect(try values("all", both, of: "CUDA_VISIBLE_DEVICES") == [nil, nil])
    let lower = machine(["ROCR_VISIBLE_DEVICES": "4,5"])
    #expect(try values("2", lower, of: "ROCR_VISIBLE_DEVICES") == ["4", "5"])
    #expect(try values("2", lower, of: "CUDA_VISIBLE_DEVICES") == [nil, nil])
    let upper = machine(["HIP_VISIBLE_DEVICES": "2,3", "CUDA_VISIBLE_DEVICES": "2,3"])
    for name in ["HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"] {
      #expect(try values("all", upper, of: name) == ["2", "3"])
    }
  }

  @Test func devicesOfTheMachine() throws {
    #expect(try values("all", machine(devices: 2)) == ["0", "1"])
    #expect(try values("all", machine(["CUDA_VISIBLE_DEVICES": "1"], devices: 2)) == ["1"])
  }

  @Test(
    arguments: [
      ("4", 1, "0,1", nil, "--gpus 4: CUDA_VISIBLE_DEVICES is set, and leaves 2 GPUs (0,1)"),
      ("0,2", 1, "6,7", nil, "CUDA_VISIBLE_DEVICES is set, and leaves 2 GPUs (6,7)"),
      ("all", 1, "-1", nil, "CUDA_VISIBLE_DEVICES is set, and leaves no GPU"),
      ("GPU-c,", 1, "GPU-a,GPU-b", nil, "leaves 2 GPUs (GPU-a,GPU-b)"),
      ("all", 1, nil, nil, "this machine does not say which GPUs it has"),
      ("4", 1, nil, 2, "this machine has 2 GPUs"),
      ("0,7", 1, nil, 2, "this machine has 2 GPUs, with numbers from 0"),
      ("1,1", 1, nil, nil, "names a GPU twice"),
      ("2", 3, nil, nil, "--gpus-per-trial 3: --gpus 2 is 2 GPUs"),
    ] as [(String, Double, String?, Int?, String)])
  func missingDevices(
    _ gpus: String, _ each: Double, _ inherited: String?, _ installed: Int?, _ what: String
  ) throws {
    let environment = inherited.map { ["CUDA_VISIBLE_DEVICES": $0] } ?? [:]
    let machine = machine(environment, devices: installed)
    let request = try request(gpus: gpus, each: each)
    let error = #expect(throws: StudyError.self) { try request.slots(of: machine) }
    #expect(error?.what.contains(what) == true, "\(error?.what ?? "")")
    #expect(error?.remedy.isEmpty == false)
  }

  /// No slot is given twice: more trials than slots are refused, and the remedy is one.
  @Test func moreTrialsThanSlots() throws {
    let error = #expect(throws: StudyError.self) {
      try request(gpus: "2").resources(parallel: 3, of: machine())
    }
    #expect(error?.what == "--parallel 3: --gpus 2 is enough for 2 trials with 1 GPU each")
    #expect(error?.remedy == "say --parallel 2; trials share a GPU by --gpus-per-trial 0.5")
    #expect(try request(gpus: "2", each: 0.5).resources(parallel: 3, of: machine()).count == 3)
    #expect(throws: StudyError.self) {
      try request(gpus: "4", each: 2).resources(parallel: 3, of: machine())
    }
  }

  @Test(arguments: [
    ("all", 2, [[0, 1, 2, 3], [4, 5, 6, 7]]), ("5", 2, [[0, 1], [2, 3, 4]]),
    ("1,3,5-6", 2, [[1, 3], [5, 6]]), ("8", 1, [[0, 1, 2, 3, 4, 5, 6, 7]]), ("4,", 1, [[4]]),
  ])
  func processors(_ cpus: String, _ parallel: Int, _ expected: [[Int]]) throws {
    let slots = try request(cpus: cpus).resources(parallel: parallel, of: machine())
    #expect(slots.map(\.processors) == expected)
    #expect(
      slots.map { $0.environment["OMP_NUM_THREADS"] } == expected.map { "\($0.count)" })
  }

  /// Threads of a core are neighbours, so that no two trials share one.
  @Test func coresStayWhole() throws {
    var machine = machine()
    machine.processors = [0, 4, 1, 5, 2, 6, 3, 7]
    let slots = try request(cpus: "all").resources(parallel: 2, of: machine)
    #expect(slots.map(\.processors) == [[0, 1, 4, 5], [2, 3, 6, 7]])
  }

  @Test(arguments: [
    ("9", 1, "--cpus 9: this process may run on 8 processors"),
    ("6-9", 1, "--cpus 6,7,8,9: this process may not run on processor 8"),
    ("2", 3, "--cpus 2: 3 trials cannot each have a processor of their own among 2"),
  ])
  func missingProcessors(_ cpus: String, _ parallel: Int, _ what: String) throws {
    let error = #expect(throws: StudyError.self) {
      try request(cpus: cpus).resources(parallel: parallel, of: machine())
    }
    #expect(error?.what == what)
  }

  /// Without a word about processors, threads are not oversubscribed.
  @Test func threadsByDefault() throws {
    func threads(_ parallel: Int, _ machine: Machine) throws -> [String: String] {
      try request().resources(parallel: parallel, of: machine)[0].environment
    }
    #expect(try threads(1, machine()).isEmpty)
    let plain = try threads(3, machine())
    #expect(Set(plain.keys) == Set(ThreadVariables.all))
    #expect(Set(plain.values) == ["2"])
    #expect(try threads(64, machine())["MKL_NUM_THREADS"] == "1")
    // A container of four processors on a large machine.
    #expect(try threads(2, machine(processors: 64, quota: 4))["OMP_NUM_THREADS"] == "2")
    #expect(try request().resources(parallel: 2, of: machine()).allSatisfy(\.processors.isEmpty))
    // What the user has set stays, for those too that go by it.
    let own = try threads(2, machine(["OMP_NUM_THREADS": "8", "NUMBA_NUM_THREADS": "3"]))
    #expect(own["OMP_NUM_THREADS"] == nil && own["MKL_NUM_THREADS"] == nil)
    #expect(own["NUMBA_NUM_THREADS"] == nil && own["VECLIB_MAXIMUM_THREADS"] == "4")
    let one = try threads(2, machine(["MKL_NUM_THREADS": "8"]))
    #expect(one["OMP_NUM_THREADS"] == "4" && one["MKL_NUM_THREADS"] == nil)
  }

  @Test(arguments: ["0", "-1", "", ",", "a,b", "1,,2", "0;1", "all,1", "1.5"])
  func noChoices(_ text: String) {
    #expect(DeviceChoice(text) == nil)
    #expect(ProcessorChoice(text) == nil)
  }

  @Test(arguments: ["3-1", "1-", "1-99999", "1-2-3"]) func noProcessors(_ text: String) {
    #expect(ProcessorChoice(text) == nil)
  }

  @Test(arguments: [0, -1, 1.5, 0.7, .nan, .infinity, 1e-9])
  func noShares(_ amount: Double) { #expect(DeviceShare(amount) == nil) }

  /// What is stored is read again as it was.
  @Test(arguments: ["all", "none", "4", "2,", "0,2,3", "GPU-1a,GPU-2b"])
  func choicesReadBack(_ text: String) throws {
    #expect(try #require(DeviceChoice(text)).description == text)
  }

  @Test func ranksAreTheProgramsOwn() {
    let inherited = ["SLURM_PROCID": "3", "RANK": "0", "PMI_RANK": "1"]
    #expect(RankVariables.replaced { inherited[$0] } == ["SLURM_PROCID": "0", "PMI_RANK": "0"])
  }
}
