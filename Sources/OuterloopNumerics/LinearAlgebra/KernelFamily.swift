/// The families of kernels that OpenBLAS has for x86-64, by OpenBLAS's own names; one for each
/// generation of processors.
///
/// OpenBLAS chooses by the processor's model number. Up to 0.3.24 it falls back to Prescott, of
/// 2004, for Intel models that it does not know (Raptor Lake, Emerald Rapids). What kernels
/// actually need are instruction set extensions: these decide here.
package enum KernelFamily: String, CaseIterable, Sendable {
  case katmai = "Katmai"
  case coppermine = "Coppermine"
  case northwood = "Northwood"
  case prescott = "Prescott"
  case banias = "Banias"
  case athlon = "Athlon"
  case atom = "Atom"
  case core2 = "Core2"
  case penryn = "Penryn"
  case dunnington = "Dunnington"
  case nehalem = "Nehalem"
  case opteron = "Opteron"
  case opteronSSE3 = "Opteron_SSE3"
  case barcelona = "Barcelona"
  case nano = "Nano"
  case bobcat = "Bobcat"
  case sandybridge = "Sandybridge"
  case bulldozer = "Bulldozer"
  case piledriver = "Piledriver"
  case steamroller = "Steamroller"
  case excavator = "Excavator"
  case haswell = "Haswell"
  case zen = "Zen"
  case skylakeX = "SkylakeX"
  case cooperlake = "Cooperlake"
  case sapphireRapids = "SapphireRapids"

  /// The vector width and the use of FMA in its products of floats and doubles. Families of one
  /// level run at about the same speed: those after SkylakeX add products of 16-bit floats only.
  package enum Level: Int, Sendable, Comparable {
    case sse, avx, avx2, avx512

    package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// A family by OpenBLAS's name for it, in any case; nil when it is newer than this list.
  package init?(name: String) {
    let wanted = name.lowercased()
    guard let found = KernelFamily.allCases.first(where: { $0.rawValue.lowercased() == wanted })
    else { return nil }
    self = found
  }

  package var level: Level {
    switch self {
    case .skylakeX, .cooperlake, .sapphireRapids: .avx512
    case .haswell, .zen: .avx2
    case .sandybridge, .bulldozer, .piledriver, .steamroller, .excavator: .avx
    default: .sse
    }
  }

  /// The extensions that a processor needs to run it.
  package var needs: Processor.Extensions {
    switch self {
    case .cooperlake, .sapphireRapids: [.skylakeServer, .avx512bf16]
    default:
      switch level {
      case .avx512: .skylakeServer
      case .avx2: .haswell
      case .avx: .avx
      case .sse: []
      }
    }
  }

  /// The first version of OpenBLAS in which it can be requested.
  private var since: OpenBLASVersion {
    switch self {
    // 0.3.20 and 0.3.21 do not know the name, and then choose by extensions: the same family.
    case .cooperlake: OpenBLASVersion(0, 3, 20)
    case .skylakeX: OpenBLASVersion(0, 3, 5)
    case .zen: OpenBLASVersion(0, 2, 20)
    default: OpenBLASVersion(0, 2, 9)
    }
  }

  /// The families worth requesting, the best first: those that `processor` can run and that a
  /// library of this version has. Empty where nothing is better than any library's default, and on
  /// processors other than x86-64.
  ///
  /// SapphireRapids is not among them: for floats and doubles it is Cooperlake.
  package static func choices(
    for processor: Processor, version: OpenBLASVersion
  ) -> [KernelFamily] {
    let ordered: [KernelFamily] =
      processor.vendor == "GenuineIntel"
      ? [.cooperlake, .skylakeX, .haswell, .sandybridge]
      : [.cooperlake, .skylakeX, .zen, .haswell, .sandybridge]
    return ordered.filter {
      $0.needs.isSubset(of: processor.extensions) && $0.since <= version
    }
  }
}
