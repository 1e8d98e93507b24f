internal import OuterloopPlatform
internal import OuterloopStudy
internal import OuterloopText

/// The GPUs that are visible to programs, and the environment variables that select them.
///
/// CUDA_VISIBLE_DEVICES is read by CUDA, and by HIP too; HIP_VISIBLE_DEVICES by HIP alone, where it
/// takes precedence. ROCR_VISIBLE_DEVICES is read a layer below HIP, whose numbers then refer to what
/// is left. The uppermost variable that is set decides. Its devices are divided among the trials;
/// lower layers stay as they are. Where both variables of the upper layer are set, both are written.
struct VisibleDevices {
  /// The variables that are written, the deciding one first.
  let variables: [String]
  /// The value of the deciding variable: names in the order of their indices; nil: it is not set.
  let inherited: [String]?
  /// How many GPUs the machine has; nil: unknown.
  let installed: Int?

  init(_ machine: Machine) {
    let upper = ["HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"].filter {
      machine.environment[$0] != nil
    }
    let isLower = upper.isEmpty && machine.environment["ROCR_VISIBLE_DEVICES"] != nil
    variables =
      isLower ? ["ROCR_VISIBLE_DEVICES"] : upper.isEmpty ? ["CUDA_VISIBLE_DEVICES"] : upper
    inherited = machine.environment[variables[0]].map(Self.names)
    installed = machine.devices
  }

  /// As CUDA reads it: whatever follows the first invalid name is invisible too.
  private static func names(_ text: String) -> [String] {
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.filter { $0 != " " } }
    return Array(
      names.prefix { name in
        name.allSatisfy { $0.isASCII && $0.isNumber } && !name.isEmpty
          || name.hasPrefix("GPU-") || name.hasPrefix("MIG-")
      })
  }

  /// The names of the chosen devices.
  /// - Throws: `StudyError` where there are fewer devices, or no such device.
  func chosen(_ choice: DeviceChoice) throws -> [String] {
    switch choice {
    case .unassigned: return []
    case .all:
      if let inherited { return try some(inherited, choice) }
      guard let installed, installed > 0 else {
        throw StudyError(
          "--gpus all: this machine does not say which GPUs it has",
          "say how many there are (--gpus 4), or leave --gpus out")
      }
      return (0..<installed).map(String.init)
    case .first(let count):
      if let inherited {
        guard count <= inherited.count else { throw missing(choice, inherited) }
        return Array(inherited.prefix(count))
      }
      if let installed, installed > 0, installed < count {
        throw StudyError(
          "--gpus \(count): this machine has \(NumberText.count(installed, "GPU"))",
          "say --gpus all; one of them by its number is \"--gpus \(installed - 1),\"")
      }
      return (0..<count).map(String.init)
    case .named(let names):
      guard Set(names).count == names.count else {
        throw StudyError("--gpus \(choice) names a GPU twice", "name each of them once")
      }
      guard let inherited else { return try names.map { try numbered($0, choice) } }
      return try names.map { name in
        guard let number = Int(name) else {
          // It cannot be known that a number and a name refer to the same device.
          let isKnown = inherited.contains(name) || inherited.contains { Int($0) != nil }
          guard isKnown else { throw missing(choice, inherited) }
          return name
        }
        guard number < inherited.count else { throw missing(choice, inherited) }
        return inherited[number]
      }
    }
  }

  private func numbered(_ name: String, _ choice: DeviceChoice) throws -> String {
    if let installed, installed > 0, let number = Int(name), number >= installed {
      throw StudyError(
        "--gpus \(choice): this machine has \(NumberText.count(installed, "GPU")), with numbers from 0",
        "name some of these")
    }
    return name
  }

  private func some(_ names: [String], _ choice: DeviceChoice) throws -> [String] {
    guard !names.isEmpty else { throw missing(choice, names) }
    return names
  }

  private func missing(_ choice: DeviceChoice, _ inherited: [String]) -> StudyError {
    let list = inherited.isEmpty ? "none" : inherited.joined(separator: ",")
    return StudyError(
      "--gpus \(choice): \(variables[0]) is set, and leaves "
        + (inherited.isEmpty ? "no GPU" : "\(NumberText.count(inherited.count, "GPU")) (\(list))"),
      inherited.isEmpty
        ? "unset it, or leave --gpus out"
        : "say --gpus all; numbers count those that it leaves, from 0")
  }
}
