/// Which family of kernels OpenBLAS uses, and who chose it.
public struct KernelChoice: Sendable, Equatable {
  /// Who chose the family of kernels.
  public enum Chooser: String, Sendable {
    /// OpenBLAS itself, by the processor's model number or for lack of others.
    case library
    /// This package, since the library's own choice is meant for much older processors.
    case package
    /// The environment variable OPENBLAS_CORETYPE.
    case environment
  }

  /// OpenBLAS's name for the family in use; nil for libraries that have no such thing.
  public let used: String?
  /// The requested family; nil when the library chose.
  public let asked: String?
  /// Who chose the family in use.
  public let chooser: Chooser
  /// What the library had chosen by itself, where another was requested; nil where it was not tried.
  public let passedOver: String?
  /// The family that this package would have requested without the pin; nil when `used` is as good.
  public let better: String?
}

extension KernelChoice {
  /// Opens a library with the best kernels that it has for a processor.
  ///
  /// What the environment pins is left alone. Otherwise the library chooses first, and that stands
  /// unless the processor can run a family of a higher level: then the library is closed and opened
  /// again, requesting that family, and its report afterwards shows whether it complied.
  ///
  /// - Parameter pin: the value of OPENBLAS_CORETYPE, nil when it is not set.
  /// - Throws: `BLASError`, also where the environment pins a family that the processor cannot run.
  package static func open(
    _ path: String, on processor: Processor, pin: String?
  ) throws(BLASError) -> (BLASLibrary, KernelChoice) {
    let pin = pin.flatMap { $0.isEmpty ? nil : $0 }
    if let pin, let family = KernelFamily(name: pin), !processor.vendor.isEmpty,
      !family.needs.isSubset(of: processor.extensions)
    {
      throw BLASError.cannotRun(
        pin, lacking: family.needs.subtracting(processor.extensions).names)
    }
    let library = try BLASLibrary.open(path)
    return try settled(library, path, on: processor, pin: pin)
  }

  /// `open` from the point on where the library has chosen.
  package static func settled(
    _ first: BLASLibrary, _ path: String, on processor: Processor, pin: String?
  ) throws(BLASError) -> (BLASLibrary, KernelChoice) {
    var library = first
    let own = library.family
    let level = own.flatMap(KernelFamily.init(name:))?.level
    var choices: [KernelFamily] = []
    if let level, library.hasFamilies, let version = library.version {
      choices = KernelFamily.choices(for: processor, version: version).filter { $0.level > level }
    }
    guard let best = choices.first, pin == nil else {
      let choice = KernelChoice(
        used: own, asked: pin, chooser: pin == nil ? .library : .environment, passedOver: nil,
        better: choices.first?.rawValue)
      return (library, choice)
    }
    for wanted in choices {
      library.close()
      library = try BLASLibrary.open(path, asking: wanted.rawValue)
      let used = library.family
      // A family that is not in the list is newer than the list.
      let reached = used.flatMap(KernelFamily.init(name:))?.level ?? wanted.level
      if reached >= wanted.level {
        let choice = KernelChoice(
          used: used, asked: wanted.rawValue, chooser: .package, passedOver: own, better: nil)
        return (library, choice)
      }
    }
    let choice = KernelChoice(
      used: library.family, asked: best.rawValue, chooser: .package, passedOver: own, better: nil)
    return (library, choice)
  }
}
