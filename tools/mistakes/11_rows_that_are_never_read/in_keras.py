import keras
from keras import layers

print(layers.MaxPooling2D(2)(keras.Input((7, 7, 1))).shape)
