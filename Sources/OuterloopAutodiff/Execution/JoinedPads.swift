internal import OuterloopNumerics

extension Graph {
  /// Turns sums of tensors padded with zeros along one axis, which side by side fill their shape, into
  /// concatenations:
  ///
  ///     pad(a, 0 before, n after) + pad(b, m before, 0 after)   becomes   concatenate(a, b)
  ///
  /// They are the adjoint of taking a tensor apart, such as the gates of a cell. Terms padded alike are
  /// added before. One walk over the result then replaces one for each part, and one that adds them.
  func joiningPads() throws(TensorError) -> Graph {
    let sums = SumsOfTerms(self)
    var parts: [Int: [[PaddedPart]]] = [:]
    for index in nodes.indices where sums.isWholeSum(index) {
      let joined = tilings(sums.terms(of: index).filter { sums.isPrivate($0) })
      if !joined.isEmpty { parts[index] = joined }
    }
    guard !parts.isEmpty else { return self }

    return try rewritten { (index, result, place) throws(TensorError) in
      guard let tilings = parts[index] else { return nil }
      let used = Set(tilings.joined().flatMap(\.pads))
      var terms = sums.terms(of: index).filter { !used.contains($0) }.map { place[$0] }
      for tiling in tilings {
        var operands: [Int] = []
        for part in tiling {
          operands.append(try result.sum(part.pads.map { place[nodes[$0].operands[0]] }))
        }
        terms.append(try result.emit(.concatenate(Concatenate(axis: tiling[0].axis)), operands))
      }
      return try result.sum(terms)
    }
  }

  /// Terms padded alike.
  private struct PaddedPart {
    var axis, low, length: Int
    var pads: [Int]
  }

  /// The pads among some terms that fill the shape, by axis, each from its beginning to its end.
  private func tilings(_ terms: [Int]) -> [[PaddedPart]] {
    var parts: [PaddedPart] = []
    for term in terms {
      guard case .pad(let pad) = nodes[term].operation, pad.interior.allSatisfy({ $0 == 0 })
      else { continue }
      let padded = pad.low.indices.filter { pad.low[$0] != 0 || pad.high[$0] != 0 }
      guard padded.count == 1 else { continue }
      let axis = padded[0]
      let length = nodes[nodes[term].operands[0]].type.shape[axis]
      let known = parts.firstIndex {
        $0.axis == axis && $0.low == pad.low[axis] && $0.length == length
      }
      if let known {
        parts[known].pads.append(term)
      } else {
        parts.append(PaddedPart(axis: axis, low: pad.low[axis], length: length, pads: [term]))
      }
    }
    guard let first = parts.first?.pads.first else { return [] }
    let shape = nodes[first].type.shape
    return shape.indices.compactMap { axis in
      let along = parts.filter { $0.axis == axis }.sorted { $0.low < $1.low }
      var end = 0
      for part in along {
        guard part.low == end, part.length > 0 else { return nil }
        end += part.length
      }
      return along.count > 1 && end == shape[axis] ? along : nil
    }
  }
}
