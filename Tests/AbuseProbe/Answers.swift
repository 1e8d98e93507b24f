import OuterloopAutodiff
import OuterloopNumerics

/// Looks at what a call returned: tensors are computed and read, so that the errors they carry are
/// thrown; whatever describes itself does so.
func inspect(_ answer: Any) throws {
  switch answer {
  case let tensor as Tensor: try read(tensor)
  case let structure as any Structure:
    for leaf in structure.leaves { try read(leaf) }
    _ = structure.leafNames
  case let list as [Any]: for item in list { try inspect(item) }
  case let text as any CustomStringConvertible: _ = text.description
  default: break
  }
}

private func read(_ tensor: Tensor) throws {
  _ = tensor.description
  if let error = tensor.error { throw error }
  // Numbers that are the same everywhere take no memory until they are read.
  if tensor.isConcrete, tensor.count <= 1 << 20 { _ = try tensor.doubles() }
}
