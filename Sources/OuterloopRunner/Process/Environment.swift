internal import COuterloopProcess
internal import OuterloopPlatform

/// The environment of this process.
enum Environment {
  /// The environment for a program: this one with `additions`, which replace what has their names. The
  /// rest goes on byte by byte: it need not be text. To be freed by the caller; ends with nil.
  static func copy(adding additions: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
    var entries = additions.map { strdup("\($0.key)=\($0.value)") }
    var next = outerloop_environment()
    while let place = next, let entry = place.pointee {
      let name = strchr(entry, 0x3d).map { end in
        String(decoding: UnsafeRawBufferPointer(start: entry, count: end - entry), as: UTF8.self)
      }
      if name.flatMap({ additions[$0] }) == nil { entries.append(strdup(entry)) }
      next = place + 1
    }
    return entries + [nil]
  }
}
