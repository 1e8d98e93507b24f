internal import OuterloopStudy

extension TrialRequest {
  /// The request as programs get it, on one line:
  ///
  ///     {"study":"s","trial":7,"params":{"lr":0.01},"fromEpoch":0,"toEpoch":3,"checkpoint":"DIR","seed":123}
  ///
  /// Inactive parameters are absent.
  func json(checkpoint: String) -> String {
    let params = assignment.active.map { "\(quoted($0.name)):\(text(of: $0.value))" }
    return "{\"study\":\(quoted(study)),\"trial\":\(trial),"
      + "\"params\":{\(params.joined(separator: ","))},"
      + "\"fromEpoch\":\(from),\"toEpoch\":\(through),\"checkpoint\":\(quoted(checkpoint)),"
      + "\"seed\":\(seed)}"
  }

  private func text(of value: ParameterValue) -> String {
    if case .text(let text) = value { quoted(text) } else { value.description }
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
