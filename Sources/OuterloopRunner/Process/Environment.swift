internal import COuterloopProcess

/// The environment of this process.
enum Environment {
  static var current: [String: String] {
    var result: [String: String] = [:]
    guard var next = outerloop_environment() else { return [:] }
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    return result
  }
}
