package observe

// ShowOwn4 is what a router of many paths is asked, and Kernels what the kernel
// knows beside.
const ShowOwn4 = showOwn4

var Kernels = kernels
