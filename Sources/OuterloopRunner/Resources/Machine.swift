internal import COuterloopProcess
internal import OuterloopPlatform

/// The resources of this machine that programs may use.
public struct Machine: Sendable, Hashable {
  /// Environment variables that programs inherit; those that do not concern devices, threads or
  /// ranks may be missing.
  public var environment: [String: String]
  /// The numbers of the processors on which this process may run, grouped by core and then by socket.
  public var processors: [Int]
  /// How many of them it may use on average, where its control group or its job sets a quota:
  /// OUTERLOOP_CPUS, SLURM_CPUS_PER_TASK.
  public var quota: Double?
  /// How many GPUs there are; nil: unknown.
  public var devices: Int?
  /// Whether programs can be pinned to processors.
  public var pins: Bool

  public init(
    environment: [String: String] = [:], processors: [Int], quota: Double? = nil,
    devices: Int? = nil, pins: Bool = true
  ) {
    self.environment = environment
    self.processors = processors
    self.quota = quota
    self.devices = devices
    self.pins = pins
  }

  /// This machine, as it is now.
  public static var current: Machine {
    var environment: [String: String] = [:]
    let deviceNames = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"]
    for name in deviceNames + ThreadVariables.all {
      environment[name] = CLibrary.environment(name)
    }
    let allowed = affinity
    return Machine(
      environment: environment,
      processors: allowed.map { CoreTopology.sorted($0) }
        ?? Array(0..<max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)),
      quota: quota, devices: installedDevices, pins: allowed != nil)
  }

  /// How many threads run at full speed at the same time.
  public var threads: Int {
    let count = max(processors.count, 1)
    return quota.map { min(count, max(Int($0.rounded(.up)), 1)) } ?? count
  }

  private static var quota: Double? {
    let given = ["OUTERLOOP_CPUS", "SLURM_CPUS_PER_TASK"].compactMap {
      CLibrary.environment($0).flatMap { Double($0) }
    }
    return (given + [ControlGroup.quota].compactMap(\.self)).filter { $0 > 0 }.min()
  }

  /// The processors on which this process may run; nil where the system does not provide them.
  private static var affinity: [Int]? {
    var mask = [UInt8](repeating: 0, count: 8192)
    guard outerloop_affinity(&mask, mask.count) == 0 else { return nil }
    let numbers = (0..<mask.count * 8).filter { mask[$0 / 8] >> ($0 % 8) & 1 == 1 }
    return numbers.isEmpty ? nil : numbers
  }

  /// NVIDIA's by their device files, AMD's by the nodes of their driver.
  private static var installedDevices: Int? {
    let files = (CLibrary.names(inFolder: "/dev") ?? []).filter { name in
      name.hasPrefix("nvidia") && name.count > 6 && name.dropFirst(6).allSatisfy(\.isNumber)
    }
    if !files.isEmpty { return files.count }
    let nodes = "/sys/class/kfd/kfd/topology/nodes"
    let count = (CLibrary.names(inFolder: nodes) ?? []).count { node in
      let text = Files.text(of: "\(nodes)/\(node)/gpu_id", limit: 64) ?? ""
      return (text.split(separator: "\n").first.flatMap { Int($0) } ?? 0) != 0
    }
    return count > 0 ? count : nil
  }
}

/// Which processors are threads of the same core, and which cores share a socket.
enum CoreTopology {
  /// Numbers in an order in which neighbours share as much as possible: a contiguous part of them is
  /// a part of the machine. Linux numbers the second threads of all cores after the first ones.
  static func sorted(_ numbers: [Int]) -> [Int] {
    func place(_ number: Int, _ name: String) -> Int {
      let path = "/sys/devices/system/cpu/cpu\(number)/topology/\(name)"
      return Files.text(of: path, limit: 32).flatMap { $0.split(separator: "\n").first }
        .flatMap { Int($0) } ?? 0
    }
    return numbers.map {
      (socket: place($0, "physical_package_id"), core: place($0, "core_id"), number: $0)
    }.sorted { ($0.socket, $0.core, $0.number) < ($1.socket, $1.core, $1.number) }.map(\.number)
  }
}

/// The share of the processors that a container or a job may use.
enum ControlGroup {
  /// Processors; nil: no quota is set.
  static var quota: Double? {
    if let text = Files.text(of: "/proc/self/cgroup", limit: 1 << 14),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
    {
      let quota = unifiedQuota(String(line.dropFirst(3)), in: "/sys/fs/cgroup")
      if quota != nil { return quota }
    }
    let folder = "/sys/fs/cgroup/cpu"
    guard let all = number(of: folder + "/cpu.cfs_quota_us"), all > 0,
      let period = number(of: folder + "/cpu.cfs_period_us"), period > 0
    else { return nil }
    return all / period
  }

  /// The smallest quota from `group` up to the root.
  static func unifiedQuota(_ group: String, in root: String) -> Double? {
    var parts = group.split(separator: "/")
    var least: Double?
    while true {
      let path = ([Substring(root)] + parts).joined(separator: "/") + "/cpu.max"
      let words = (Files.text(of: path, limit: 128) ?? "").split { $0 == " " || $0 == "\n" }
      if words.count == 2, let all = Double(words[0]), let period = Double(words[1]), period > 0 {
        least = min(least ?? .infinity, all / period)
      }
      guard parts.popLast() != nil else { return least }
    }
  }

  private static func number(of path: String) -> Double? {
    Files.text(of: path, limit: 64).flatMap { $0.split(separator: "\n").first }
      .flatMap { Double($0) }
  }
}
