internal import OuterloopStudy
internal import OuterloopText

extension TrialRequest {
  /// The request as programs get it, on one line:
  ///
  ///     {"study":"s","trial":7,"params":{"lr":0.01},"fromEpoch":0,"toEpoch":3,"checkpoint":"DIR",
  ///      "seed":123,"slot":0}
  ///
  /// Inactive parameters are absent.
  ///
  /// - Parameter id: identifies the request, for an answer to echo; nil: there is only one request.
  func json(checkpoint: String, id: String? = nil) -> String {
    let params = assignment.active.map { "\($0.name.jsonString):\(text(of: $0.value))" }
    return "{\"study\":\(study.jsonString),\"trial\":\(trial),"
      + "\"params\":{\(params.joined(separator: ","))},"
      + "\"fromEpoch\":\(from),\"toEpoch\":\(through),\"checkpoint\":\(checkpoint.jsonString),"
      + "\"seed\":\(seed),\"slot\":\(slot)" + (id.map { ",\"id\":\($0.jsonString)" } ?? "") + "}"
  }

  private func text(of value: ParameterValue) -> String {
    if case .text(let text) = value { text.jsonString } else { value.description }
  }
}
