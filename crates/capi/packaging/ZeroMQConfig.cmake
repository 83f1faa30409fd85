# find_package(ZeroMQ): the targets libzmq and libzmq-static, and the variables that libzmq's own package sets.

get_filename_component(PACKAGE_PREFIX_DIR "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET libzmq)
  add_library(libzmq SHARED IMPORTED)
  set_target_properties(libzmq PROPERTIES
    IMPORTED_LOCATION "${PACKAGE_PREFIX_DIR}/lib/libzmq.so.5"
    IMPORTED_SONAME "libzmq.so.5"
    INTERFACE_INCLUDE_DIRECTORIES "${PACKAGE_PREFIX_DIR}/include"
    INTERFACE_COMPILE_DEFINITIONS "ZMQ_BUILD_DRAFT_API")
endif()

if(NOT TARGET libzmq-static)
  add_library(libzmq-static STATIC IMPORTED)
  set_target_properties(libzmq-static PROPERTIES
    IMPORTED_LOCATION "${PACKAGE_PREFIX_DIR}/lib/libzmq.a"
    INTERFACE_INCLUDE_DIRECTORIES "${PACKAGE_PREFIX_DIR}/include"
    INTERFACE_COMPILE_DEFINITIONS "ZMQ_BUILD_DRAFT_API;ZMQ_STATIC"
    INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c")
endif()

set(ZeroMQ_INCLUDE_DIR "${PACKAGE_PREFIX_DIR}/include")
set(ZeroMQ_LIBRARY libzmq)
set(ZeroMQ_STATIC_LIBRARY libzmq-static)
set(ZeroMQ_FOUND ON)
