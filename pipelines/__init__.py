"""The jobs, one file each: ``build(root, args)`` wires the transforms, ``main(argv)`` runs them."""
