# accel_python_module(name sources...): the extension module accel.<name>.

find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
if(NOT pybind11_DIR)
  # pybind11 comes from PyPI: the interpreter that will load the module says where it lies.
  execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
                  OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_package(pybind11 3.1 CONFIG REQUIRED)

function(accel_python_module name)
  pybind11_add_module(${name} MODULE NO_EXTRAS ${ARGN})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cpp" "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE accel_warnings accel_convert)
  # Only PyInit_<name> is visible; what is not reached from it is left out.
  target_compile_options(${name} PRIVATE -ffunction-sections)
  target_link_options(${name} PRIVATE -Wl,--gc-sections -Wl,--exclude-libs,ALL)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${name} PRIVATE -s)
  endif()
  if(ACCEL_PYTHON_INPLACE)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PROJECT_SOURCE_DIR}/python/accel")
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION accel COMPONENT python)
endfunction()
