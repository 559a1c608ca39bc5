import keras
from keras import layers

x = keras.Input((16, 16, 3))
y = layers.Conv2D(1, 3, padding="same")(x)
print(layers.Add()([x, y]).shape)
