private import OuterloopPlatform

/// Changes fewer parameters: those of a candidate are reset to their values in the best trial, one after
/// another, each time the one that keeps the acquisition function largest, as long as it stays above (1 -
/// tolerance) of its value at the candidate (BONSAI, Daulton et al. 2026).
///
/// The acquisition function is a logarithm, so the bound is its value + log(1 - tolerance).
///
/// - Complexity: O(d^2) values for d parameters that differ.
struct SparseChanges {
  let search: AcquisitionSearch
  var tolerance = 0.2

  /// - Parameter isNew: whether a candidate may be returned.
  func simplified(
    _ found: Candidate, towards best: Candidate, where isNew: (Candidate) -> Bool
  ) -> Candidate {
    let limit = search.values([found])[0] + log(1 - tolerance)
    var result = found
    while true {
      let changed = result.places.indices.filter { result.places[$0] != best.places[$0] }
      let candidates = changed.map { place -> Candidate in
        var candidate = result
        candidate.places[place] = best.places[place]
        return candidate
      }.filter(isNew)
      guard !candidates.isEmpty else { return result }
      let values = search.values(candidates)
      let places = values.indices.filter { values[$0] >= limit }
      guard let next = places.max(by: { (values[$0], $1) < (values[$1], $0) }) else {
        return result
      }
      result = candidates[next]
    }
  }
}
